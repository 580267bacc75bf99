//! Two instances over one Redis and one database.

use std::time::Duration;

use bartizan_probe::Redis;
use bartizan_redis_link::{Command, Config, Link};
use bartizan_server::data::Database;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{OPERATORS, analyze, bodies, change, clear, of, over, read_all, report, within};
use crate::http::client::{Client, prepare};
use crate::world::{World, number};

/// What one instance changes, the other has to see within this time.
const SOON: Duration = Duration::from_secs(1);

pub(super) struct Pair {
    pub(super) redis: Redis,
    pub(super) one: Client,
    pub(super) other: Client,
    pub(super) database: Database,
    _world: World,
}

impl Pair {
    pub(super) async fn new() -> Self {
        let redis = Redis::start();
        let world = World::sqlite();
        let location = world.url();
        let database = prepare(&location).await;
        let url = redis.url();
        let variables = [("REDIS_URL", url.as_str()), ("ADMIN_API_KEY", OPERATORS)];
        let one = over(&location, &variables).await;
        let other = over(&location, &variables).await;
        Self { redis, one, other, database, _world: world }
    }

    pub(super) async fn keys(&self) -> Vec<String> {
        let link = Link::connect(&Config::from_url(&self.redis.url()).unwrap());
        link.ready(Duration::from_secs(10)).await.unwrap();
        let keys = link.command(Command::new("KEYS").arg("*")).await.unwrap();
        let keys = keys.as_array().unwrap().iter().filter_map(|key| key.as_str());
        let mut keys: Vec<_> = keys.map(str::to_owned).collect();
        keys.sort();
        keys
    }
}

pub(super) async fn leads(client: &Client) -> u64 {
    client.get("/api/leads").await.json()["pagination"]["total"].as_u64().unwrap()
}

pub(super) async fn add_lead(client: &Client) {
    let lead = json!({"name": "Ada", "email": "ada@example.com"});
    assert_eq!(client.post("/api/leads", &lead).await.status, 201);
}

/// Registers and logs in, and returns the cookie.
pub(super) async fn session(client: &Client, name: &str) -> String {
    let user = json!({
        "email": format!("{name}@example.com"), "password": "correct horse", "name": name,
    });
    assert_eq!(client.post("/api/register", &user).await.status, 201);
    let answer = client.post("/api/login", &user).await;
    assert_eq!(answer.status, 200);
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

/// Whether a session opens an account.
pub(super) async fn is_known(client: &Client, cookie: &str) -> bool {
    let answer = client.ask("GET", "/internal/cache-stats").header("cookie", cookie).send().await;
    // An account is no operator; somebody without one has brought no key.
    match answer.status.as_u16() {
        403 => true,
        401 => false,
        _ => panic!("{answer:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_those_of_the_contract() {
    let pair = Pair::new().await;
    let cookie = session(&pair.one, "ada").await;
    assert!(is_known(&pair.one, &cookie).await);
    read_all(&pair.one).await;
    let key = pair.one.key(bartizan_server::domain::Tier::Pro);
    let keyed = pair.one.ask("GET", "/api/workflows").header("x-api-key", key).send().await;
    assert_eq!(keyed.status, 200);

    let expected = [
        "analysis:loc_demo_1:wf_test",
        // printf btz_demo_pro_9be35c20f7164ad8 | sha256sum
        "frequent:key:HASH",
        "history:loc_demo_1:free:100",
        "history:loc_demo_1:free:20",
        "leads:list:1:10:new",
        "leads:list:1:20:all",
        "session:HASH",
        "static:location:loc_demo_1",
        "user:loc_demo_1",
        "workflow:loc_demo_1:wf_test",
        "workflows:loc_demo_1",
        "workflows:loc_demo_2",
    ];
    // They are written after they are answered.
    let (mut keys, mut responses) = (Vec::new(), Vec::new());
    within(SOON, async || {
        keys = pair.keys().await;
        keys.retain(|key| !key.starts_with("bartizan:") && !key.starts_with("rl:"));
        // Of whole answers, what leads to their codings has the same key and less.
        let (answers, others) = keys.drain(..).partition(|key| key.starts_with("responses:"));
        keys = others;
        responses = answers;
        responses.retain(|key| !key.contains("accept-encoding"));
        // What the login read of the account, which goes by another name afterwards.
        keys.retain(|key| !key.starts_with("frequent:account:acc_"));
        for key in &mut keys {
            let (rest, last) = key.rsplit_once(':').unwrap();
            if last.len() == 64 && last.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                *key = format!("{rest}:HASH");
            }
        }
        // The session that there was before the login left a tombstone.
        keys.dedup();
        keys == expected && responses.len() == 7
    })
    .await;
    assert_eq!(keys, expected);
    // Each part with its length before it; `-` is no query.
    let target = "responses:4=http:6=server";
    let expected = [
        "10=/api/leads:-:p11=1/anonymous",
        "10=/api/leads:19=limit=10&status=new:p11=1/anonymous",
        "12=/api/history:9=limit=100:p11=1/anonymous",
        "14=/api/workflows:-:p11=1/anonymous",
        "14=/api/workflows:-:p16=1/pro/loc_demo_2",
        "15=/api/v1/history:-:p11=1/anonymous",
        "25=/v1/api/workflows/wf_test:-:p11=1/anonymous",
    ];
    assert_eq!(responses, expected.map(|rest| format!("{target}:{rest}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_has_read_the_other_does_not_read_again() {
    let pair = Pair::new().await;
    // Before the analysis that changes it, the history is empty; it is to be the same for both.
    analyze(&pair.one).await;
    let first = read_all(&pair.one).await;
    // The last of them is written after it is answered.
    within(SOON, async || {
        let keys = pair.keys().await;
        ["analysis:loc_demo_1:wf_test", "leads:list:1:10:new"]
            .iter()
            .all(|key| keys.contains(&(*key).to_owned()))
    })
    .await;
    change(&pair.database).await;

    let second = read_all(&pair.other).await;

    assert_eq!(bodies(&first), bodies(&second));
    let report = report(&pair.other).await;
    assert_eq!((&report["level"], &report["connected"]), (&json!("redis"), &json!(true)));
    assert_eq!(report["breaker"], "closed");
    let analysis = of(&report, "analysis");
    assert_eq!((&analysis["storeHits"], &analysis["loads"]), (&json!(1), &json!(0)));
    assert_eq!(of(&report, "responses")["hits"], 6);
    for name in ["workflows", "workflow", "leads", "history"] {
        let cache = of(&report, name);
        assert_eq!((&cache["misses"], &cache["loads"]), (&json!(0), &json!(0)), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_that_one_takes_the_other_shows_soon() {
    let pair = Pair::new().await;
    for number in 0..5 {
        assert_eq!(leads(&pair.one).await, 45 + number);
        within(SOON, async || leads(&pair.other).await == 45 + number).await;
        add_lead(&pair.one).await;
        assert_eq!(leads(&pair.one).await, 46 + number);
        within(SOON, async || leads(&pair.other).await == 46 + number).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_analysis_of_one_is_in_the_history_of_the_other_soon() {
    let pair = Pair::new().await;
    let history = async || pair.other.get("/api/history").await.data();
    assert_eq!(history().await, json!([]));
    let analysis = analyze(&pair.one).await.data();
    within(SOON, async || history().await == json!([analysis])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_is_cleared_on_one_is_cleared_on_the_other() {
    let pair = Pair::new().await;
    let list = async |client: &Client| client.get("/api/workflows").await.body;
    let before = list(&pair.one).await;
    assert_eq!(list(&pair.other).await, before);
    change(&pair.database).await;
    assert_eq!(list(&pair.other).await, before);
    let cookie = session(&pair.one, "ada").await;

    let answer = clear(&pair.one, "").await.data();

    let cleared = answer["cleared"].as_array().unwrap();
    assert!(cleared.iter().all(|one| one["reach"] == "shared"), "{answer}");
    // Sessions are nowhere else.
    assert!(cleared.iter().all(|one| one["name"] != "session") && cleared.len() == 9, "{answer}");
    within(SOON, async || list(&pair.other).await != before).await;
    assert!(is_known(&pair.one, &cookie).await);
    let answer = clear(&pair.one, "?cache=session").await.data();
    assert_eq!(answer, json!({"cleared": [{"name": "session", "reach": "shared"}]}));
    assert!(!is_known(&pair.one, &cookie).await);
    within(SOON, async || !is_known(&pair.other, &cookie).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_holds_on_both_and_ends_on_both() {
    let pair = Pair::new().await;
    let cookie = session(&pair.one, "ada").await;
    assert!(is_known(&pair.one, &cookie).await);
    assert!(is_known(&pair.other, &cookie).await);
    assert_eq!(number(&pair.database, "SELECT COUNT(*) AS value FROM sessions").await, 0);
    let id = cookie.strip_prefix("session=").unwrap();
    assert!(pair.keys().await.iter().all(|key| !key.contains(id)));

    let logout = pair.one.ask("POST", "/api/logout").header("cookie", &cookie).send().await;

    assert_eq!(logout.status, 204);
    assert!(!is_known(&pair.one, &cookie).await);
    within(SOON, async || !is_known(&pair.other, &cookie).await).await;
    // A new login ends the session that was.
    let first = session(&pair.one, "bob").await;
    assert!(is_known(&pair.other, &first).await);
    let user = json!({"email": "bob@example.com", "password": "correct horse"});
    let again = pair.other.ask("POST", "/api/login").header("cookie", &first).json(&user);
    assert_eq!(again.send().await.status, 200);
    within(SOON, async || !is_known(&pair.one, &first).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_sessions_are_in_the_table() {
    let world = World::sqlite();
    let url = world.url();
    let database = prepare(&url).await;
    let client = over(&url, &[("ADMIN_API_KEY", OPERATORS)]).await;
    let cookie = session(&client, "ada").await;
    assert!(is_known(&client, &cookie).await);
    assert_eq!(number(&database, "SELECT COUNT(*) AS value FROM sessions").await, 1);
    // Another instance reads the same table.
    let other = over(&url, &[("ADMIN_API_KEY", OPERATORS)]).await;
    assert!(is_known(&other, &cookie).await);
    client.ask("POST", "/api/logout").header("cookie", &cookie).send().await;
    assert!(!is_known(&other, &cookie).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_before_knows_no_location_and_goes_on() {
    let world = World::sqlite();
    let url = world.url();
    let database = prepare(&url).await;
    let client = over(&url, &[("ADMIN_API_KEY", OPERATORS)]).await;
    let cookie = session(&client, "ada").await;
    let data = "SELECT data AS value FROM sessions";
    let stored = crate::world::texts(&database, data).await;
    let mut stored: Value = serde_json::from_str(&stored[0]).unwrap();
    assert_eq!(stored["location"], "loc_demo_1");
    stored.as_object_mut().unwrap().remove("location");
    let update =
        bartizan_server::data::Statement::write("test_update", "UPDATE sessions SET data = $1");
    database.execute(&update, &[stored.to_string().as_str().into()]).await.unwrap();
    assert!(is_known(&client, &cookie).await);
}

#[tokio::test]
async fn with_a_redis_url_that_cannot_be_used_everything_is_the_same_in_memory() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite:{}", folder.path().join("data").display()).parse().unwrap();
    let database = prepare(&url).await;
    let client =
        over(&url, &[("REDIS_URL", "http://somewhere"), ("ADMIN_API_KEY", OPERATORS)]).await;
    analyze(&client).await;
    let first = read_all(&client).await;
    change(&database).await;
    assert_eq!(bodies(&first), bodies(&read_all(&client).await));
    add_lead(&client).await;
    assert_eq!(leads(&client).await, 46);
    let cookie = session(&client, "ada").await;
    assert!(is_known(&client, &cookie).await);
    assert_eq!(report(&client).await["level"], "memory");
}
