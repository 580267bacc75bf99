use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::{get, post};
use bartizan_server::app::app_over;
use bartizan_server::data::{Database, Statement};
use bartizan_server::domain::Tier;
use bartizan_server::domain::accounts::ApiKey;
use bartizan_server::upstream::{Timeouts, UpstreamClient};
use futures_util::FutureExt;
use serde_json::json;
use tokio::net::TcpListener;

use super::{OPERATORS, analyze, bodies, change, clear, of, over, read_all, report, within};
use crate::http::client::{Client, config, prepare};
use crate::world::{CONNECTIONS, World, number};

/// A platform that counts how often it is asked for workflows and for analyses.
async fn counting() -> (UpstreamClient, Arc<[AtomicUsize; 2]>) {
    let asked = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let found = json!({
        "workflowId": "wf_test", "healthScore": 7, "issuesFound": [], "recommendations": [],
    });
    let answer = |index: usize, body: String| {
        let asked = Arc::clone(&asked);
        async move || {
            asked[index].fetch_add(1, Ordering::SeqCst);
            body
        }
    };
    let lists = answer(0, json!({"workflows": []}).to_string());
    let router = Router::new().route("/workflows", get(lists));
    let router = router.route("/analyses", post(answer(1, found.to_string())));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (UpstreamClient::new(base, Timeouts::default()).unwrap(), asked)
}

#[tokio::test]
async fn the_second_answer_is_the_first_and_asks_neither_database_nor_platform() {
    for world in [World::sqlite(), World::postgres()] {
        let url = world.url();
        let database = prepare(&url).await;
        let (upstream, asked) = counting().await;
        let config = config(&url, &[("ADMIN_API_KEY", OPERATORS)]);
        let client = Client::over(app_over(&config, Some(upstream)).await.unwrap());
        let asked = || [0, 1].map(|index| asked[index].load(Ordering::SeqCst));
        // So that the history is of the time after it.
        analyze(&client).await;

        let first = read_all(&client).await;
        change(&database).await;
        let second = read_all(&client).await;

        assert_eq!(bodies(&first), bodies(&second));
        for (first, second) in first.iter().zip(&second) {
            for name in ["content-type", "content-length", "cache-control"] {
                assert_eq!(first.header(name), second.header(name));
            }
            assert_eq!(second.header("content-type"), "application/json");
            assert_eq!(second.header("cache-control"), "private, no-cache");
        }
        // The list and the one of it; and the one analysis.
        assert_eq!(asked(), [2, 1]);

        assert_eq!(clear(&client, "").await.status, 200);
        let third = read_all(&client).await;
        assert!(bodies(&first).iter().zip(&bodies(&third)).all(|(first, third)| first != third));
        assert_eq!(asked(), [4, 2]);
    }
}

#[tokio::test]
async fn a_new_lead_is_on_every_page_that_it_belongs_to() {
    let client = Client::sqlite().await;
    let paths =
        ["/api/leads", "/api/leads?limit=3", "/api/leads?status=new", "/api/leads?status=lost"];
    let total = async |path| client.get(path).await.json()["pagination"]["total"].as_u64().unwrap();
    let mut before = Vec::new();
    for path in paths {
        before.push(total(path).await);
    }
    let lead = json!({"name": "Ada", "email": "ada@example.com"});
    let lead = client.post("/api/leads", &lead).await.data();
    let mut after = Vec::new();
    for path in paths {
        after.push(total(path).await);
    }
    assert_eq!(after, [before[0] + 1, before[1] + 1, before[2] + 1, before[3]]);
    for path in &paths[..3] {
        assert_eq!(client.get(path).await.json()["data"][0], lead, "{path}");
    }
}

#[tokio::test]
async fn a_lead_of_a_client_that_left_is_listed_too() {
    let world = World::sqlite();
    let url = world.url();
    let database = prepare(&url).await;
    let client = over(&url, &[]).await;
    let lead = json!({"name": "Ada", "email": "ada@example.com"});
    let listed = async || client.get("/api/leads").await.json()["pagination"]["total"].as_i64();
    for patience in 1..40 {
        listed().await;
        let mut taken = Box::pin(client.post("/api/leads", &lead));
        let begin = Instant::now();
        while taken.as_mut().now_or_never().is_none()
            && begin.elapsed() < patience * Duration::from_micros(50)
        {
            tokio::task::yield_now().await;
        }
        drop(taken);
        // The write goes on in the database.
        tokio::time::sleep(Duration::from_millis(10)).await;
        within(Duration::from_secs(1), async || {
            listed().await == Some(number(&database, "SELECT COUNT(*) AS value FROM leads").await)
        })
        .await;
    }
    assert!(listed().await > Some(45));
}

#[tokio::test]
async fn an_analysis_is_in_every_history_of_its_location_at_once_and_of_no_other() {
    let world = World::sqlite();
    let url = world.url();
    let database = prepare(&url).await;
    let client = over(&url, &[]).await;
    let histories = async |tier| {
        let mut all = Vec::new();
        for path in ["/api/history", "/api/history?limit=1"] {
            let ask = client.ask("GET", path).header("x-api-key", client.key(tier));
            all.push(ask.send().await.data());
        }
        all
    };
    assert_eq!(histories(Tier::Free).await, [json!([]), json!([])]);
    assert_eq!(histories(Tier::Pro).await, [json!([]), json!([])]);
    // Nobody told the caches of this one.
    let insert = "INSERT INTO analysis_results (id, location_id, workflow_id, health_score, \
                  issues_found, issues, recommendations, created_at) VALUES ('an_1', 'loc_demo_2', \
                  'wf_test', 1, 0, '[]', '[]', 9000000000000000)";
    database.execute(&Statement::write("test_insert", insert), &[]).await.unwrap();

    let analysis = analyze(&client).await.data();

    assert_eq!(histories(Tier::Free).await, [json!([analysis]), json!([analysis])]);
    assert_eq!(histories(Tier::Pro).await, [json!([]), json!([])]);
}

#[tokio::test]
async fn locations_never_share_an_answer() {
    let client = Client::sqlite().await;
    for path in ["/api/workflows", "/api/workflows/wf_0001", "/api/history"] {
        for _ in 0..2 {
            for (tier, location) in [
                (Tier::Free, "loc_demo_1"),
                (Tier::Pro, "loc_demo_2"),
                (Tier::Enterprise, "loc_demo_3"),
            ] {
                let analyze = client.ask("POST", "/api/analyze");
                let analyze = analyze.header("x-api-key", client.key(tier));
                let analysis = analyze.json(&json!({"workflowId": "wf_0001"})).send().await.data();
                assert_eq!(analysis["locationId"], location);
                let ask = client.ask("GET", path).header("x-api-key", client.key(tier));
                let data = ask.send().await.data();
                let all = data.as_array().cloned().unwrap_or(vec![data]);
                assert!(!all.is_empty());
                assert!(all.iter().all(|one| one["locationId"] == location), "{path}");
            }
        }
    }
    // Of 100 the first one has one more: the others have none of its last id.
    let path = "/api/workflows/wf_0033";
    for tier in [Tier::Pro, Tier::Free, Tier::Pro] {
        let ask = client.ask("GET", path).header("x-api-key", client.key(tier));
        let status = if tier == Tier::Free { 200 } else { 404 };
        assert_eq!(ask.send().await.status, status, "{tier}");
    }
}

#[tokio::test]
async fn two_tiers_of_one_location_see_each_its_own_history() {
    let world = World::sqlite();
    let url = world.url();
    let database = prepare(&url).await;
    let key: ApiKey = "btz_second".parse().unwrap();
    for sql in [
        "INSERT INTO accounts (id, location_id, tier, created_at) VALUES ('acc_second', \
         'loc_demo_1', 'enterprise', 0)",
        "INSERT INTO analysis_results (id, location_id, workflow_id, health_score, issues_found, \
         issues, recommendations, created_at) VALUES ('an_1', 'loc_demo_1', 'wf_test', 1, 0, \
         '[]', '[]', 1)",
    ] {
        database.execute(&Statement::write("test_insert", sql), &[]).await.unwrap();
    }
    let insert = "INSERT INTO api_keys (key_hash, account_id, created_at) VALUES ($1, \
                  'acc_second', 0)";
    let hash = key.hash();
    let values = [hash.as_bytes().into()];
    database.execute(&Statement::write("test_insert", insert), &values).await.unwrap();
    let client = over(&url, &[]).await;
    for _ in 0..2 {
        let free = client.ask("GET", "/api/history").header("x-api-key", client.key(Tier::Free));
        assert_eq!(free.send().await.data(), json!([]));
        let second = client.ask("GET", "/api/history").header("x-api-key", "btz_second");
        assert_eq!(second.send().await.data()[0]["id"], "an_1");
    }
}

#[tokio::test]
async fn a_new_account_of_a_location_is_among_its_accounts_at_once() {
    let client = Client::sqlite_with(&[("ADMIN_API_KEY", OPERATORS)]).await;
    for (name, loads) in [("ada", 1), ("bob", 2), ("eve", 3)] {
        let user = json!({
            "email": format!("{name}@example.com"), "password": "correct horse", "name": name,
        });
        assert_eq!(client.post("/api/register", &user).await.status, 201);
        let login = client.post("/api/login", &user).await;
        let cookie = login.header("set-cookie").split(';').next().unwrap();
        for _ in 0..2 {
            let ask = client.ask("GET", "/api/workflows").header("cookie", cookie);
            assert_eq!(ask.send().await.status, 200);
        }
        // What was known of the location before is not asked.
        assert_eq!(of(&report(&client).await, "user")["loads"], loads, "{name}");
    }
}

#[tokio::test]
async fn callers_without_an_account_see_nothing_where_there_is_no_demo_location() {
    let world = World::sqlite();
    let url = world.url();
    let database = Database::connect(&url, CONNECTIONS).await.unwrap();
    database.migrate().await.unwrap();
    let own = "INSERT INTO locations (id, name, created_at) VALUES ('loc_own', 'Own', 0)";
    database.execute(&Statement::write("test_insert", own), &[]).await.unwrap();
    let client = over(&url, &[]).await;
    for path in ["/api/workflows", "/api/history", "/api/leads"] {
        let answer = client.get(path).await;
        answer.assert_error(401, "UNAUTHORIZED", "A valid API key or session is required");
    }
}

#[tokio::test]
async fn what_is_asked_for_is_counted_by_cache() {
    let world = World::sqlite();
    let url = world.url();
    prepare(&url).await;
    let client = over(&url, &[("ADMIN_API_KEY", OPERATORS)]).await;
    // Each coding is another answer, and the last is a stored one.
    for accept in ["", "br", "gzip", "br"] {
        client.ask("GET", "/api/workflows").header("accept-encoding", accept).send().await;
    }
    client.get("/api/leads").await;

    let report = report(&client).await;

    assert_eq!(report["level"], "memory");
    assert_eq!((&report["connected"], &report["breaker"]), (&json!(null), &json!(null)));
    let names: Vec<_> =
        report["caches"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    let expected = [
        "analysis",
        "frequent",
        "history",
        "leads",
        "responses",
        "static",
        "user",
        "workflow",
        "workflows",
    ];
    assert_eq!(names, expected);
    let workflows = of(&report, "workflows");
    for (name, expected) in
        [("hits", 2), ("misses", 1), ("stale", 0), ("memoryHits", 2), ("loads", 1)]
    {
        assert_eq!(workflows[name], expected, "{name} of {workflows}");
    }
    assert!((workflows["hitRatio"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9);
    let responses = of(&report, "responses");
    for (name, expected) in [("hits", 1), ("misses", 4), ("stale", 0), ("memoryHits", 1)] {
        assert_eq!(responses[name], expected, "{name} of {responses}");
    }
    let history = of(&report, "history");
    assert_eq!((&history["hits"], &history["misses"]), (&json!(0), &json!(0)));
    assert_eq!(history["hitRatio"], json!(null));
    assert_eq!((&history["size"], &history["storeErrors"]), (&json!(0), &json!(0)));
    let leads = of(&report, "leads");
    assert_eq!((&leads["hits"], &leads["misses"]), (&json!(0), &json!(1)));
}
