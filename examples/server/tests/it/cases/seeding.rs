use bartizan_server::data::Database;
use bartizan_server::data::seed::{SeedSize, Seeding, seed};
use sha2::{Digest, Sha256};

use crate::world::{NOW, World, number, texts};

async fn counts(database: &Database) -> [i64; 4] {
    [
        number(database, "SELECT COUNT(*) AS value FROM locations").await,
        number(database, "SELECT COUNT(*) AS value FROM workflows").await,
        number(database, "SELECT COUNT(*) AS value FROM analysis_results").await,
        number(database, "SELECT COUNT(*) AS value FROM leads").await,
    ]
}

pub(crate) async fn fills_the_promised_sizes(world: World) {
    let database = world.empty().await;

    let seeding = seed(&database, SeedSize::default(), NOW).await.unwrap();

    assert_eq!(seeding, Seeding::Filled);
    assert_eq!(counts(&database).await, [3, 100, 1_000, 500]);
    let future = "SELECT COUNT(*) AS value FROM analysis_results WHERE created_at > \
                  1795132800000000";
    assert_eq!(number(&database, future).await, 0);
}

/// The digest is the same on both databases and on every machine; it changes with the demo data.
pub(crate) async fn fills_the_same_content_every_time(world: World) {
    let database = world.seeded().await;

    let contents = [
        "SELECT location_id || id || name || description || status || trigger_event || steps || \
         CAST(created_at AS TEXT) || CAST(updated_at AS TEXT) AS value \
         FROM workflows ORDER BY location_id, id",
        "SELECT id || location_id || workflow_id || CAST(health_score AS TEXT) || \
         CAST(issues_found AS TEXT) || issues || recommendations || CAST(created_at AS TEXT) \
         AS value FROM analysis_results ORDER BY id",
        "SELECT id || name || email || COALESCE(company, '') || COALESCE(phone, '') || \
         COALESCE(source, '') || status || CAST(created_at AS TEXT) AS value \
         FROM leads ORDER BY id",
    ];
    let mut digest = Sha256::new();
    for content in contents {
        for row in texts(&database, content).await {
            digest.update(row);
        }
    }

    let digest: [u8; 32] = digest.finalize().into();
    let beginning = digest.first_chunk().copied().map(u64::from_be_bytes);
    assert_eq!(beginning, Some(0x4bf1_cfb9_06ef_2a65));
}

pub(crate) async fn fills_other_sizes(world: World) {
    let size = SeedSize { workflows: 7, analyses: 51, leads: 0 };

    assert_eq!(counts(&world.seeded_with(size).await).await, [3, 7, 51, 0]);
}

pub(crate) async fn leaves_a_filled_database_alone(world: World) {
    let database = world.seeded_with(SeedSize { leads: 5, ..SeedSize::default() }).await;

    let seeding = seed(&database, SeedSize::default(), NOW).await.unwrap();

    assert_eq!(seeding, Seeding::LeftAlone);
    assert_eq!(counts(&database).await, [3, 100, 1_000, 5]);
}

pub(crate) async fn fills_once_when_two_try(world: World) {
    let database = world.empty().await;
    let size = SeedSize::default();

    let (one, other) = tokio::join!(seed(&database, size, NOW), seed(&database, size, NOW));

    let mut seedings = [one.unwrap(), other.unwrap()];
    seedings.sort_by_key(|seeding| *seeding == Seeding::LeftAlone);
    assert_eq!(seedings, [Seeding::Filled, Seeding::LeftAlone]);
    assert_eq!(counts(&database).await, [3, 100, 1_000, 500]);
}
