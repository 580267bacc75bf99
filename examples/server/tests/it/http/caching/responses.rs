//! Whole answers: who is given a stored one, in which coding, and when it is made anew.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::body::Body;
use axum::http::Request;
use bartizan_server::domain::Tier;
use bartizan_server::routes::PREFIXES;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tower::ServiceExt;

use super::instances::{Pair, add_lead, session};
use super::{OPERATORS, change, clear, get, of, over, report};
use crate::http::Answer;
use crate::http::client::{Client, ORIGIN, prepare};
use crate::http::compression::decoded;
use crate::world::World;

/// Every route whose answers are kept.
const PATHS: [&str; 6] = [
    "/api/workflows",
    "/api/workflows/wf_test",
    "/api/history",
    "/api/history?limit=1",
    "/api/leads",
    "/api/leads?status=new&limit=3",
];

/// What a client may send to be given a coding, and the one that it is given.
const CODINGS: [(&str, &str); 4] = [("", ""), ("br", "br"), ("gzip", "gzip"), ("zstd", "zstd")];

async fn ask(client: &Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    let ask = client.ask("GET", path);
    headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value)).send().await
}

/// Whether an answer was a stored one.
#[track_caller]
fn is_hit(answer: &Answer) -> bool {
    let status = answer.header("cache-status");
    assert!(status.starts_with("bartizan; "), "{answer:?}");
    let is_hit = status.contains("; hit");
    assert_eq!(answer.headers.contains_key("age"), is_hit, "{answer:?}");
    is_hit
}

/// Asks for what may be stored until it is.
async fn stored(client: &Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(client, path, headers).await;
    let answer = ask(client, path, headers).await;
    assert!(is_hit(&answer), "{path}: {answer:?}");
    answer
}

/// An application with operators, and the folder of its database.
async fn client() -> (World, Client) {
    let world = World::sqlite();
    let url = world.url();
    prepare(&url).await;
    let client = over(&url, &[("ADMIN_API_KEY", OPERATORS)]).await;
    (world, client)
}

/// The answer without the response cache, which passes what names two hosts.
async fn passing_by(client: &Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    let head = Request::get(path);
    let head = headers.iter().fold(head, |head, (name, value)| head.header(*name, *value));
    let head = head.header("host", "one").header("host", "another");
    let answer = client.call(head.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("cache-status"), "bartizan; fwd=bypass; detail=host");
    answer
}

#[tokio::test]
async fn nobody_is_given_the_answer_of_another() {
    let (_world, client) = client().await;
    for tier in Tier::ALL {
        let analyze = client.ask("POST", "/api/analyze").header("x-api-key", client.key(tier));
        let input = json!({"workflowId": "wf_0001"});
        assert_eq!(analyze.json(&input).send().await.status, 200);
    }
    let cookie = session(&client, "ada").await;
    let bearer = format!("Bearer {}", client.key(Tier::Pro));
    let callers: [(&str, &[(&str, &str)]); 7] = [
        ("anonymous", &[]),
        ("free", &[("x-api-key", client.key(Tier::Free))]),
        ("pro", &[("x-api-key", client.key(Tier::Pro))]),
        ("enterprise", &[("x-api-key", client.key(Tier::Enterprise))]),
        ("pro by bearer", &[("authorization", &bearer)]),
        ("session", &[("cookie", &cookie)]),
        ("nobody's credentials", &[("authorization", "Basic YTpi"), ("cookie", "session=x")]),
    ];
    for path in PATHS {
        let mut own = Vec::new();
        for (_, headers) in callers {
            own.push(passing_by(&client, path, headers).await);
        }
        // Each of them asks before and after each other.
        for first in 0..callers.len() {
            assert_eq!(clear(&client, "").await.status, 200);
            for offset in (0..callers.len()).chain(0..callers.len()) {
                let index = (first + offset) % callers.len();
                let (who, headers) = callers[index];
                let answer = ask(&client, path, headers).await;
                assert_eq!(answer.status, own[index].status, "{path}, {who}");
                if path.contains("workflows") || path.contains("history") {
                    assert_eq!(answer.body, own[index].body, "{path}, {who}");
                    let data = answer.data();
                    let all = data.as_array().cloned().unwrap_or(vec![data]);
                    let location = match who {
                        "pro" | "pro by bearer" => "loc_demo_2",
                        "enterprise" => "loc_demo_3",
                        _ => "loc_demo_1",
                    };
                    assert!(!all.is_empty(), "{path}, {who}");
                    assert!(all.iter().all(|one| one["locationId"] == location), "{path}, {who}");
                }
                // What a session that is none is told, nobody else is.
                let is_told = !answer.header("set-cookie").is_empty();
                assert_eq!(is_told, who == "nobody's credentials", "{path}, {who}");
            }
            for (who, headers) in callers {
                assert!(is_hit(&ask(&client, path, headers).await), "{path}, {who}");
            }
        }
    }
}

#[tokio::test]
async fn where_an_account_is_needed_a_stored_answer_opens_nothing() {
    const ALL: [&str; 3] = ["/api/workflows", "/api/history", "/api/leads"];
    let world = World::sqlite();
    let client = Client::in_production(&world).await;
    let [ada, bob] = [session(&client, "ada").await, session(&client, "bob").await];
    for path in ALL {
        stored(&client, path, &[("cookie", &ada)]).await;
        for headers in [&[][..], &[("x-api-key", "guess")], &[("authorization", "Bearer guess")]] {
            let answer = ask(&client, path, headers).await;
            answer.assert_error(401, "UNAUTHORIZED", "A valid API key or session is required");
        }
        // Each user has a location of their own.
        assert!(!is_hit(&ask(&client, path, &[("cookie", &bob)]).await), "{path}");
    }
    let logout = client.ask("POST", "/api/logout").header("cookie", &ada).send().await;
    assert_eq!(logout.status, 204);
    for path in ALL {
        assert_eq!(ask(&client, path, &[("cookie", &ada)]).await.status, 401, "{path}");
        assert!(is_hit(&ask(&client, path, &[("cookie", &bob)]).await), "{path}");
    }
}

#[tokio::test]
async fn operators_are_answered_anew() {
    let (_world, client) = client().await;
    stored(&client, "/api/workflows", &[]).await;
    for path in ["/api/workflows", "/internal/cache-stats"] {
        for _ in 0..3 {
            let answer = ask(&client, path, &[("x-api-key", OPERATORS)]).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("cache-status"), "bartizan; fwd=bypass; detail=partition");
        }
    }
}

#[tokio::test]
async fn each_coding_is_made_once() {
    let (_world, client) = client().await;
    let path = "/api/workflows";
    let plain = ask(&client, path, &[]).await;
    let mut tags = HashSet::new();
    for (accept, coding) in CODINGS {
        let headers = [("accept-encoding", accept)];
        let first = ask(&client, path, &headers).await;
        assert_eq!(is_hit(&first), coding.is_empty());
        let second = ask(&client, path, &headers).await;
        assert!(is_hit(&second));
        assert_eq!(second.body, first.body);
        assert_eq!(second.header("content-encoding"), coding);
        assert_eq!(second.header("content-length"), first.body.len().to_string());
        assert!(second.vary().contains(&"accept-encoding".to_owned()), "{second:?}");
        if !coding.is_empty() {
            assert_eq!(decoded(&second), plain.body);
        }
        // Strong ones, since the bytes differ.
        assert!(second.header("etag").starts_with('"'));
        assert!(tags.insert(second.header("etag").to_owned()), "{coding}");
    }
    for (accept, coding) in [
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.1", "br"),
        ("*", "br"),
        ("identity;q=0.5, x-new, gzip", "gzip"),
        ("zstd, identity;q=0", "zstd"),
        ("identity", ""),
        ("br;q=0", ""),
    ] {
        let answer = ask(&client, path, &[("accept-encoding", accept)]).await;
        assert!(is_hit(&answer), "{accept}");
        assert_eq!(answer.header("content-encoding"), coding, "{accept}");
    }
    let without = [("accept-encoding", "br"), ("x-no-compression", "1")];
    let answer = ask(&client, path, &without).await;
    assert!(is_hit(&answer));
    assert_eq!((answer.header("content-encoding"), &answer.body), ("", &plain.body));
    // One for each coding, and what leads to them.
    assert_eq!(of(&report(&client).await, "responses")["size"], 5);
}

#[tokio::test]
async fn a_client_that_has_an_answer_is_told_that_it_holds() {
    let (_world, client) = client().await;
    for path in PATHS {
        for (accept, _) in CODINGS {
            let accept = ("accept-encoding", accept);
            let answer = stored(&client, path, &[accept]).await;
            assert_eq!(answer.header("cache-control"), "private, no-cache");
            let tag = answer.header("etag");
            for tags in [tag.to_owned(), format!("\"other\", W/{tag}"), "*".to_owned()] {
                let held = ask(&client, path, &[accept, ("if-none-match", &tags)]).await;
                assert_eq!((held.status.as_u16(), held.body.len()), (304, 0), "{path}: {tags}");
                for name in ["etag", "cache-control", "vary"] {
                    assert_eq!(held.headers.get(name), answer.headers.get(name), "{name}");
                }
                assert!(is_hit(&held));
            }
            let other = ask(&client, path, &[accept, ("if-none-match", "\"other\"")]).await;
            assert_eq!((other.status.as_u16(), other.body), (200, answer.body));
        }
    }
    // Another's is none of one's own.
    let plain = stored(&client, "/api/workflows", &[]).await;
    let headers = [("accept-encoding", "br"), ("if-none-match", plain.header("etag"))];
    assert_eq!(ask(&client, "/api/workflows", &headers).await.status, 200);
    // It changes with what it stands for.
    let leads = stored(&client, "/api/leads", &[]).await;
    add_lead(&client).await;
    let headers = [("if-none-match", leads.header("etag"))];
    for _ in 0..2 {
        assert_eq!(ask(&client, "/api/leads", &headers).await.status, 200);
    }
}

#[tokio::test]
async fn the_head_of_a_stored_answer_is_that_of_the_whole() {
    let (_world, client) = client().await;
    for (accept, _) in CODINGS {
        let whole = stored(&client, "/api/workflows", &[("accept-encoding", accept)]).await;
        let head = client.ask("HEAD", "/api/workflows").header("accept-encoding", accept);
        let head = head.send().await;
        assert!(is_hit(&head));
        assert_eq!((head.status, head.body.len()), (whole.status, 0));
        for name in ["content-length", "content-encoding", "content-type", "etag"] {
            assert_eq!(head.headers.get(name), whole.headers.get(name), "{accept}: {name}");
        }
    }
    // And it is not the whole.
    let path = "/api/leads?limit=7";
    for _ in 0..2 {
        assert!(!is_hit(&client.ask("HEAD", path).send().await));
    }
    assert_eq!(client.get(path).await.json()["data"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn a_lead_is_at_once_in_every_list_of_everybody_in_every_coding() {
    let (_world, client) = client().await;
    let keys: [&[(&str, &str)]; 3] =
        [&[], &[("x-api-key", client.key(Tier::Free))], &[("x-api-key", client.key(Tier::Pro))]];
    let others = ["/api/workflows", "/api/history"];
    for path in others {
        stored(&client, path, &[]).await;
    }
    for taken in 0..3 {
        for prefix in PREFIXES {
            let path = format!("{prefix}/leads?limit=100");
            for key in keys {
                for (accept, coding) in CODINGS {
                    let headers = [key, &[("accept-encoding", accept)]].concat();
                    let first = ask(&client, &path, &headers).await;
                    assert!(!is_hit(&first), "{path}: {first:?}");
                    let list = ask(&client, &path, &headers).await;
                    assert!(is_hit(&list), "{path}: {list:?}");
                    let bytes = if coding.is_empty() { list.body.clone() } else { decoded(&list) };
                    let json: Value = serde_json::from_slice(&bytes).unwrap();
                    assert_eq!(json["pagination"]["total"], 45 + taken, "{path}, {coding}");
                }
            }
        }
        add_lead(&client).await;
    }
    // Nothing else has changed.
    for path in others {
        assert!(is_hit(&ask(&client, path, &[]).await), "{path}");
    }
    // What is refused changes nothing.
    stored(&client, "/api/leads", &[]).await;
    assert_eq!(client.post("/api/leads", &json!({"name": "Ada"})).await.status, 422);
    assert!(is_hit(&ask(&client, "/api/leads", &[]).await));
}

#[tokio::test]
async fn an_analysis_is_at_once_in_the_stored_histories_of_its_location_and_no_other() {
    let (_world, client) = client().await;
    let pro = [("x-api-key", client.key(Tier::Pro))];
    let free = [("x-api-key", client.key(Tier::Free))];
    for path in ["/api/history", "/v1/api/history?limit=1"] {
        for headers in [&[][..], &free, &pro] {
            assert_eq!(stored(&client, path, headers).await.data(), json!([]));
        }
    }
    let analysis = super::analyze(&client).await.data();
    for path in ["/api/history", "/v1/api/history?limit=1"] {
        for headers in [&[][..], &free] {
            for hit in [false, true] {
                let answer = ask(&client, path, headers).await;
                assert_eq!((is_hit(&answer), answer.data()), (hit, json!([analysis])));
            }
        }
        assert!(is_hit(&ask(&client, path, &pro).await));
    }
}

#[tokio::test]
async fn whoever_clears_a_cache_clears_the_answers_that_were_made_of_it() {
    let (_world, client) = client().await;
    let caches = [
        ("workflows", &PATHS[..1]),
        ("workflow", &PATHS[1..2]),
        ("history", &PATHS[2..4]),
        ("leads", &PATHS[4..]),
    ];
    for (cache, made_of_it) in caches {
        for path in PATHS {
            stored(&client, path, &[("accept-encoding", "br")]).await;
        }
        assert_eq!(clear(&client, &format!("?cache={cache}")).await.status, 200);
        for path in PATHS {
            let answer = ask(&client, path, &[("accept-encoding", "br")]).await;
            assert_eq!(is_hit(&answer), !made_of_it.contains(&path), "{cache}, {path}");
        }
    }
    for query in ["?cache=responses", ""] {
        for path in PATHS {
            stored(&client, path, &[]).await;
        }
        assert_eq!(clear(&client, query).await.status, 200);
        for path in PATHS {
            assert!(!is_hit(&ask(&client, path, &[]).await), "{query}, {path}");
        }
    }
}

#[tokio::test]
async fn what_is_told_of_a_request_is_never_stored() {
    let world = World::sqlite();
    let client = Client::with(&world, &[("RATE_LIMIT_TIERS", "")]).await;
    let key = [("x-api-key", client.key(Tier::Pro))];
    let mut ids = HashSet::new();
    for left in (90..100).rev() {
        let answer = ask(&client, "/api/workflows", &key).await;
        assert_eq!(is_hit(&answer), left < 99);
        assert_eq!(answer.header("x-ratelimit-remaining"), left.to_string());
        assert_eq!(answer.header("x-ratelimit-tier"), "pro");
        assert!(ids.insert(answer.header("x-request-id").to_owned()));
        assert_eq!(answer.header("set-cookie"), "");
    }
    // Pages of one origin do not learn what another may.
    for (origin, allowed) in
        [(ORIGIN, ORIGIN), ("https://elsewhere.example", ""), ("", ""), (ORIGIN, ORIGIN)]
    {
        let headers: &[(&str, &str)] =
            if origin.is_empty() { &[key[0]] } else { &[key[0], ("origin", origin)] };
        let answer = ask(&client, "/api/workflows", headers).await;
        assert!(is_hit(&answer));
        assert_eq!(answer.header("access-control-allow-origin"), allowed, "{origin}");
    }
}

#[tokio::test]
async fn hits_count_against_the_limits() {
    let world = World::sqlite();
    let client = Client::with(&world, &[("RATE_LIMIT_TIERS", "")]).await;
    for number in 0..25 {
        let answer = client.get("/api/workflows").await;
        assert_eq!(answer.status, if number < 20 { 200 } else { 429 });
        assert_eq!(answer.header("cache-status").contains("; hit"), (1..20).contains(&number));
    }
}

#[tokio::test]
async fn neither_reloads_nor_headers_of_proxies_pass_a_stored_answer_by() {
    let (_world, client) = client().await;
    let own = stored(&client, "/api/workflows", &[]).await;
    for header in [
        ("cache-control", "no-cache"),
        ("cache-control", "no-store, max-age=0"),
        ("pragma", "no-cache"),
        ("x-forwarded-for", "203.0.113.1"),
        ("x-forwarded-host", "elsewhere.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=203.0.113.1;host=elsewhere.example"),
        ("x-original-url", "/api/leads"),
        ("x-http-method-override", "POST"),
        // Another site's page makes a browser ask.
        ("sec-fetch-site", "cross-site"),
    ] {
        let answer = ask(&client, "/api/workflows", &[header]).await;
        assert!(is_hit(&answer), "{header:?}");
        assert_eq!(answer.body, own.body, "{header:?}");
    }
    // Nor do they get into what others are given.
    for (name, value) in
        [("x-forwarded-host", "elsewhere.example"), ("x-original-url", "/api/leads")]
    {
        clear(&client, "").await;
        ask(&client, "/api/workflows", &[(name, value)]).await;
        let answer = ask(&client, "/api/workflows", &[]).await;
        assert!(is_hit(&answer));
        assert_eq!(answer.body, own.body);
    }
}

#[tokio::test]
async fn failures_and_what_is_not_kept_are_made_anew() {
    let (_world, client) = client().await;
    for (path, status) in [
        ("/api/workflows/wf_none", 404),
        ("/api/workflows/no workflow".replace(' ', "%20").as_str(), 422),
        ("/api/leads?limit=0", 422),
        ("/api/leads?page=many", 400),
        ("/api/nowhere", 404),
        ("/live", 200),
    ] {
        for _ in 0..3 {
            let answer = client.get(path).await;
            assert_eq!(answer.status, status, "{path}");
            assert!(!answer.header("cache-status").contains("hit"), "{path}: {answer:?}");
        }
    }
    // What changes something does not go through it.
    for _ in 0..2 {
        let analysis = super::analyze(&client).await;
        assert_eq!((analysis.status.as_u16(), analysis.header("cache-status")), (200, ""));
    }
}

#[tokio::test]
async fn a_stored_answer_is_given_without_what_it_was_made_of() {
    let (_world, client) = client().await;
    let before = stored(&client, "/api/workflows", &[]).await;
    let loads = of(&report(&client).await, "workflows")["loads"].clone();
    change(&client.app().database).await;
    for _ in 0..5 {
        assert_eq!(ask(&client, "/api/workflows", &[]).await.body, before.body);
    }
    let report = report(&client).await;
    let workflows = of(&report, "workflows");
    assert_eq!((&workflows["loads"], &workflows["hits"]), (&loads, &json!(0)));
    let responses = of(&report, "responses");
    // Of them one was stored by `stored`, and one was found by it.
    assert_eq!((&responses["hits"], responses["size"].as_u64()), (&json!(6), Some(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_list_that_begins_after_a_lead_was_taken_is_older() {
    let (_world, client) = client().await;
    assert_is_never_older(&client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nor_over_redis_where_forgetting_takes_a_moment() {
    let pair = Pair::new().await;
    assert_is_never_older(&pair.one).await;
}

async fn assert_is_never_older(client: &Client) {
    let (taken, done) = (Arc::new(AtomicU64::new(45)), Arc::new(AtomicBool::new(false)));
    let hits = Arc::new(AtomicU64::new(0));
    let readers: Vec<_> = CODINGS
        .into_iter()
        .map(|(accept, coding)| {
            let (router, taken, done) = (client.router(), Arc::clone(&taken), Arc::clone(&done));
            let hits = Arc::clone(&hits);
            tokio::spawn(async move {
                while !done.load(Ordering::SeqCst) {
                    let least = taken.load(Ordering::SeqCst);
                    let mut request = get("/api/leads?limit=100");
                    request.headers_mut().insert("host", "server".parse().unwrap());
                    request.headers_mut().insert("accept-encoding", accept.parse().unwrap());
                    let response = router.clone().oneshot(request).await.unwrap();
                    let answer = Answer::read(response).await.unwrap();
                    hits.fetch_add(u64::from(is_hit(&answer)), Ordering::SeqCst);
                    let bytes =
                        if coding.is_empty() { answer.body.clone() } else { decoded(&answer) };
                    let json: Value = serde_json::from_slice(&bytes).unwrap();
                    let total = json["pagination"]["total"].as_u64().unwrap();
                    assert!(total >= least, "{total} of {least}: {:?}", answer.headers);
                    // A hit waits for nothing, and would leave no thread to whoever adds leads.
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for _ in 0..40 {
        add_lead(client).await;
        taken.fetch_add(1, Ordering::SeqCst);
        let before = hits.load(Ordering::SeqCst);
        while hits.load(Ordering::SeqCst) == before && !readers.iter().all(JoinHandle::is_finished)
        {
            tokio::task::yield_now().await;
        }
    }
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
}
