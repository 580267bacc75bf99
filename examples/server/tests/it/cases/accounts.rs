use bartizan_server::data::seed::{demo_keys, demo_location};
use bartizan_server::domain::Tier;
use bartizan_server::domain::accounts::{ApiKey, by_api_key, find};

use crate::world::{World, texts};

pub(crate) async fn finds_the_account_of_each_demo_key(world: World) {
    let database = world.seeded().await;

    let keys = demo_keys(&database).await.unwrap();

    assert_eq!(keys.iter().map(|key| key.tier).collect::<Vec<_>>(), Tier::ALL);
    assert_eq!(keys[0].location, demo_location());
    for key in &keys {
        let account = by_api_key(&database, &key.key.hash()).await.unwrap().unwrap();
        assert_eq!((account.tier, &account.location_id), (key.tier, &key.location));
        assert_eq!(find(&database, &account.id).await.unwrap(), Some(account));
    }
    let unknown: ApiKey = "btz_demo_free_0000000000000000".parse().unwrap();
    assert_eq!(by_api_key(&database, &unknown.hash()).await.unwrap(), None);
    assert!(demo_keys(&world.empty().await).await.unwrap().is_empty());
}

pub(crate) async fn stores_of_a_key_its_hash_alone(world: World) {
    let database = world.seeded().await;
    let keys = demo_keys(&database).await.unwrap();

    let select = world.text(
        "SELECT lower(hex(key_hash)) AS value FROM api_keys",
        "SELECT encode(key_hash, 'hex') AS value FROM api_keys",
    );
    let mut stored = texts(&database, select).await;
    stored.sort();

    // printf %s <key> | sha256sum
    let expected = [
        "08c22a78032dc8c6c20118280b6df7343c904086d3f69fed4174eeb3a866de24",
        "5cc6a7d523d09d041e906b46f726dce56ad2d4f8643c54409386f190c0faece5",
        "a303a6f8d4875badd3cbb1b20fee07004c90412b0b919cef59029b4ebc008fcb",
    ];
    assert_eq!(stored, expected);
    assert!(keys.iter().all(|key| key.key.reveal().starts_with("btz_demo_")));
}
