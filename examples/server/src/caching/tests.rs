//! How long each read is kept, by a clock that the test moves.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use bartizan_cache::LoadError;
use bartizan_cache::test_util::ManualClock;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;
use crate::data::seed::{SeedSize, seed};
use crate::data::{Database, DatabaseUrl, Statement};
use crate::domain::accounts::ApiKey;
use crate::domain::leads::LeadQuery;
use crate::domain::{AccountId, Timestamp};
use crate::upstream::{ANALYSIS_LATENCY, Timeouts, UpstreamClient, WORKFLOWS_LATENCY};

/// What `CACHE_TTL_DEFAULT` says.
const DEFAULT_TTL: Duration = Duration::from_mins(40);

/// 2026-11-20T00:00:00Z
const NOW: Timestamp = Timestamp::from_micros(1_795_132_800_000_000);

/// What the platform does when it is asked for workflows.
const ANSWERS: usize = 0;
const FAILS: usize = 1;
const DAWDLES: usize = 2;
const TAKES_ITS_TIME: usize = 3;

#[derive(Default)]
struct Platform {
    mood: AtomicUsize,
    lists: AtomicUsize,
    analyses: AtomicUsize,
}

async fn list(State(platform): State<Arc<Platform>>) -> Result<String, StatusCode> {
    platform.lists.fetch_add(1, Ordering::SeqCst);
    match platform.mood.load(Ordering::SeqCst) {
        FAILS => return Err(StatusCode::SERVICE_UNAVAILABLE),
        DAWDLES => tokio::time::sleep(Duration::from_secs(3)).await,
        TAKES_ITS_TIME => tokio::time::sleep(WORKFLOWS_LATENCY).await,
        _ => {}
    }
    let told = |id: &str, location: &str, name: &str, status: &str| -> Value {
        json!({"id": id, "locationId": location, "name": name, "status": status, "version": 1})
    };
    let workflows = [
        told("wf_test", "loc_demo_1", "Told", "paused"),
        told("wf_0001", "loc_demo_1", "Told too", "on holiday"),
        told("wf_0002", "loc_demo_2", "Of another", "paused"),
        told("wf_unknown", "loc_demo_1", "Unknown", "active"),
    ];
    Ok(json!({"workflows": workflows}).to_string())
}

async fn analyse(State(platform): State<Arc<Platform>>) -> String {
    let number = platform.analyses.fetch_add(1, Ordering::SeqCst);
    let found = json!({
        "workflowId": "wf_test", "healthScore": number, "issuesFound": [], "recommendations": [],
    });
    found.to_string()
}

struct World {
    reads: Arc<Reads>,
    clock: ManualClock,
    database: Database,
    platform: Arc<Platform>,
    client: UpstreamClient,
    location: LocationId,
    _folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let url = DatabaseUrl::sqlite_file(folder.path().join("data"));
        let database = Database::connect(&url, NonZeroU32::MIN).await.unwrap();
        database.migrate().await.unwrap();
        let size = SeedSize { workflows: 100, analyses: 0, leads: 45 };
        seed(&database, size, NOW).await.unwrap();

        let platform = Arc::<Platform>::default();
        let router = Router::new().route("/workflows", get(list)).route("/analyses", post(analyse));
        let router = router.with_state(Arc::clone(&platform));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = UpstreamClient::new(base, Timeouts::default()).unwrap();

        let clock = ManualClock::new();
        let caches = Caches::builder().with_clock(clock.clone()).build();
        let caching = Arc::new(Caching::over(caches, None, DEFAULT_TTL).unwrap());
        let reads = Arc::new(Reads::new(caching, database.clone(), Some(client.clone())));
        let location = "loc_demo_1".parse().unwrap();
        Self { reads, clock, database, platform, client, location, _folder: folder }
    }

    /// A read that is an answer as a whole.
    async fn answer(&self, read: Read) -> Result<JsonBody, LoadError<ReadError>> {
        let (reads, location) = (&self.reads, &self.location);
        let id = "wf_test".parse().unwrap();
        Ok(match read {
            Read::Workflows => reads.workflows(location).await?,
            Read::Workflow => reads.workflow(location, &id).await?.unwrap(),
            Read::Analysis => reads.analysis(&self.client, location, &id).await?.unwrap(),
            Read::History => reads.history(location, Tier::Free, Limit::MAX).await?,
            Read::Leads => {
                let query = LeadQuery::new(1, Limit::MAX, None).unwrap();
                reads.leads(query, |page| page).await?
            }
            _ => panic!("{read:?}"),
        })
    }

    async fn read(&self, read: Read) -> Result<String, LoadError<ReadError>> {
        let (reads, location) = (&self.reads, &self.location);
        let account: AccountId = "acc_demo_free".parse().unwrap();
        Ok(match read {
            Read::Workflows | Read::Workflow | Read::Analysis | Read::History | Read::Leads => {
                format!("{:?}", bytes(self.answer(read).await?).await)
            }
            Read::Key => {
                let key: ApiKey = "btz_demo_free_4d1f0a7be2c85963".parse().unwrap();
                format!("{:?}", reads.account_by_key(&key.hash()).await?)
            }
            Read::OldSession => format!("{:?}", reads.account_of_session(None, &account).await?),
            Read::Session => {
                format!("{:?}", reads.account_of_session(Some(location), &account).await?)
            }
            Read::Location => format!("{:?}", reads.location(location).await?),
        })
    }

    async fn execute(&self, sql: &'static str) {
        self.database.execute(&Statement::write("test", sql), &[]).await.unwrap();
    }

    /// Makes every read give another answer than before.
    async fn change(&self) {
        for sql in [
            "UPDATE workflows SET description = description || '!'",
            "UPDATE leads SET company = 'Changed'",
            "UPDATE accounts SET tier = 'enterprise'",
            "UPDATE locations SET name = 'Changed'",
            "INSERT INTO analysis_results (id, location_id, workflow_id, health_score, \
             issues_found, issues, recommendations, created_at) VALUES ('an_changed', \
             'loc_demo_1', 'wf_test', 50, 0, '[]', '[]', 9000000000000000)",
        ] {
            self.execute(sql).await;
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    Workflows,
    Workflow,
    Analysis,
    History,
    Leads,
    Key,
    OldSession,
    Session,
    Location,
}

/// The seconds of the contract.
const LIFETIMES: [(Read, u64); 9] = [
    (Read::Workflows, 600),
    (Read::Workflow, 600),
    (Read::Analysis, 3_600),
    (Read::History, 300),
    (Read::Leads, 300),
    (Read::Key, 60),
    (Read::OldSession, 60),
    (Read::Session, 900),
    (Read::Location, 2_400),
];

#[tokio::test]
async fn each_answer_is_kept_for_its_seconds_and_read_again_after_them() {
    for (read, seconds) in LIFETIMES {
        let world = World::new().await;
        let first = world.read(read).await.unwrap();
        world.change().await;
        // Up to a twentieth less.
        world.clock.advance(Duration::from_secs(seconds * 19 / 20 - 1));
        assert_eq!(world.read(read).await.unwrap(), first, "{read:?}");
        world.clock.advance(Duration::from_secs(seconds / 20 + 2));
        assert_ne!(world.read(read).await.unwrap(), first, "{read:?}");
    }
}

#[tokio::test]
async fn a_source_that_fails_is_answered_for_by_what_it_said_last_but_not_for_ever() {
    for (read, seconds) in LIFETIMES {
        let credential = matches!(read, Read::Key | Read::OldSession | Read::Session);
        let stale = if credential { 600 } else { 3_600 };
        let world = World::new().await;
        let first = world.read(read).await.unwrap();
        world.database.close().await;
        // The lifetime may be a twentieth shorter.
        world.clock.advance(Duration::from_secs(seconds * 19 / 20 + stale - 1));
        assert_eq!(world.read(read).await.unwrap(), first, "{read:?}");
        world.clock.advance(Duration::from_secs(seconds / 20 + 2));
        let error = world.read(read).await.unwrap_err();
        assert!(matches!(error.loader(), Some(ReadError::Data(_))), "{read:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_platform_that_fails_is_left_alone_for_a_while() {
    let world = World::new().await;
    let first = world.read(Read::Workflows).await.unwrap();
    world.platform.mood.store(FAILS, Ordering::SeqCst);
    world.clock.advance(Duration::from_secs(601));
    for _ in 0..3 {
        assert_eq!(world.read(Read::Workflows).await.unwrap(), first);
    }
    assert_eq!(world.platform.lists.load(Ordering::SeqCst), 2);
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(world.read(Read::Workflows).await.unwrap(), first);
    assert_eq!(world.platform.lists.load(Ordering::SeqCst), 3);

    world.platform.mood.store(ANSWERS, Ordering::SeqCst);
    world.change().await;
    world.clock.advance(Duration::from_secs(5));
    assert_ne!(world.read(Read::Workflows).await.unwrap(), first);

    // Nothing was ever read of this one.
    world.platform.mood.store(FAILS, Ordering::SeqCst);
    let error = world.read(Read::Workflow).await.unwrap_err();
    assert!(matches!(error.loader(), Some(ReadError::Upstream(_))), "{error:?}");
}

#[tokio::test]
async fn whoever_could_have_a_stale_answer_does_not_wait_for_a_slow_platform() {
    let world = World::new().await;
    let first = world.read(Read::Workflows).await.unwrap();
    world.platform.mood.store(DAWDLES, Ordering::SeqCst);
    world.clock.advance(Duration::from_secs(601));

    let begin = Instant::now();
    assert_eq!(world.read(Read::Workflows).await.unwrap(), first);

    // It waits 1.5 s of 3.
    assert!(begin.elapsed() < Duration::from_millis(2_500), "{:?}", begin.elapsed());
    assert_eq!(world.platform.lists.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_platform_that_is_as_slow_as_ever_is_waited_for() {
    let world = World::new().await;
    let first = world.read(Read::Workflows).await.unwrap();
    world.change().await;
    world.platform.mood.store(TAKES_ITS_TIME, Ordering::SeqCst);
    world.clock.advance(Duration::from_secs(601));
    assert_ne!(world.read(Read::Workflows).await.unwrap(), first);
    const { assert!(lifetimes::ANALYSIS_PATIENCE.as_millis() > ANALYSIS_LATENCY.as_millis()) };
}

#[tokio::test]
async fn what_is_not_there_is_remembered_for_a_moment() {
    let world = World::new().await;
    let id: WorkflowId = "wf_new".parse().unwrap();
    let find = async || world.reads.workflow(&world.location, &id).await.unwrap().is_some();
    let analyse = async || {
        let found = world.reads.analysis(&world.client, &world.location, &id).await;
        found.unwrap().is_some()
    };
    assert!(!find().await && !analyse().await);
    world.execute("UPDATE workflows SET id = 'wf_new' WHERE id = 'wf_0003'").await;
    world.clock.advance(Duration::from_secs(27));
    assert!(!find().await && !analyse().await);
    // The platform is not asked for what is not there.
    assert_eq!(world.platform.lists.load(Ordering::SeqCst), 0);
    assert_eq!(world.platform.analyses.load(Ordering::SeqCst), 0);
    // Half a minute, and up to another one.
    world.clock.advance(Duration::from_secs(34));
    assert!(find().await && analyse().await);
}

#[tokio::test]
async fn a_credential_that_opens_nothing_is_looked_up_each_time() {
    let world = World::new().await;
    let key: ApiKey = "btz_new".parse().unwrap();
    assert_eq!(world.reads.account_by_key(&key.hash()).await.unwrap(), None);
    let insert = Statement::write(
        "test",
        "INSERT INTO api_keys (key_hash, account_id, created_at) VALUES ($1, 'acc_demo_pro', 0)",
    );
    world.database.execute(&insert, &[key.hash().as_bytes().into()]).await.unwrap();
    let account = world.reads.account_by_key(&key.hash()).await.unwrap().unwrap();
    assert_eq!(account.id.as_str(), "acc_demo_pro");
}

#[tokio::test]
async fn an_outage_does_not_bring_back_a_key_that_was_found_withdrawn() {
    let world = World::new().await;
    let key: ApiKey = "btz_demo_free_4d1f0a7be2c85963".parse().unwrap();
    let account = async || world.reads.account_by_key(&key.hash()).await.unwrap();
    assert!(account().await.is_some());
    world.execute("DELETE FROM api_keys").await;
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(account().await, None);
    world.database.close().await;
    for _ in 0..3 {
        assert_eq!(account().await, None);
        world.clock.advance(Duration::from_secs(61));
    }
}

#[tokio::test]
async fn an_account_beyond_the_hundred_of_its_location_is_found_by_its_id() {
    let world = World::new().await;
    for number in 0..120 {
        let id = format!("acc_a{number:03}");
        let insert = Statement::write(
            "test",
            "INSERT INTO accounts (id, location_id, tier, created_at) VALUES ($1, 'loc_demo_1', \
             'pro', 0)",
        );
        world.database.execute(&insert, &[id.as_str().into()]).await.unwrap();
    }
    for number in [0, 99, 100, 119] {
        let id: AccountId = format!("acc_a{number:03}").parse().unwrap();
        let found = world.reads.account_of_session(Some(&world.location), &id).await.unwrap();
        assert_eq!(found.unwrap().id, id);
    }
    let gone: AccountId = "acc_gone".parse().unwrap();
    assert_eq!(world.reads.account_of_session(Some(&world.location), &gone).await.unwrap(), None);
}

#[tokio::test]
async fn name_and_status_are_the_platforms_of_workflows_that_the_table_has() {
    let world = World::new().await;
    let list = world.reads.workflows(&world.location).await.unwrap();
    let list: Value = serde_json::from_slice(&bytes(list).await).unwrap();
    let list = list["data"].as_array().unwrap();
    let find = |id: &str| list.iter().find(|workflow| workflow["id"] == id);
    let (test, first, second) = (find("wf_test"), find("wf_0001"), find("wf_0002"));
    assert_eq!(list.len(), 34);
    assert_eq!(
        (&test.unwrap()["name"], &test.unwrap()["status"]),
        (&"Told".into(), &"paused".into())
    );
    assert_eq!(first.unwrap()["name"], "Told too");
    assert_ne!(first.unwrap()["status"], "on holiday");
    assert_ne!(second.unwrap()["name"], "Of another");
    assert!(find("wf_unknown").is_none());
    let id = "wf_test".parse().unwrap();
    let found = world.reads.workflow(&world.location, &id).await.unwrap().unwrap();
    let found: Value = serde_json::from_slice(&bytes(found).await).unwrap();
    assert_eq!(found["data"], *test.unwrap());
}

/// How long a whole answer may be kept, in seconds, and under which tags; nothing if not at all.
async fn keeping(world: &World, read: Read) -> Option<(u64, String)> {
    let answer = world.answer(read).await.unwrap();
    let response = axum::response::IntoResponse::into_response(answer);
    let header = |name| Some(response.headers().get(name)?.to_str().unwrap().to_owned());
    let seconds = header(LIFETIME)?.strip_prefix("max-age=").unwrap().parse().unwrap();
    Some((seconds, header(TAGS).unwrap()))
}

#[tokio::test]
async fn a_whole_answer_is_kept_no_longer_than_what_it_is_made_of() {
    for (read, seconds, tags) in [
        (Read::Workflows, 600, "workflows"),
        (Read::Workflow, 600, "workflow"),
        (Read::History, 300, "history, history:loc_demo_1"),
        (Read::Leads, 300, "leads"),
    ] {
        let world = World::new().await;
        let tags = || tags.to_owned();
        assert_eq!(keeping(&world, read).await, Some((seconds, tags())), "{read:?}");
        world.clock.advance(Duration::from_secs(200));
        assert_eq!(keeping(&world, read).await, Some((seconds - 200, tags())), "{read:?}");
        // What stands for a source that fails is asked for again.
        world.database.close().await;
        world.clock.advance(Duration::from_secs(seconds));
        assert_eq!(keeping(&world, read).await, None, "{read:?}");
    }
    let world = World::new().await;
    assert_eq!(keeping(&world, Read::Analysis).await, None);
}

async fn bytes(body: JsonBody) -> Bytes {
    let response = axum::response::IntoResponse::into_response(body);
    axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap()
}
