//! The limits of the contract, over real HTTP.

use axum::body::Body;
use axum::http::Request;
use bartizan_server::domain::Tier;
use bartizan_server::routes::PREFIXES;
use serde_json::{Value, json};

use crate::http::Answer;
use crate::http::served::{FREE_API, REFUSED, Served, Told, get, post, statuses, then};
use crate::world::World;

fn list() -> Request<Body> {
    get("/api/workflows").body(Body::empty()).unwrap()
}

fn analyze() -> Request<Body> {
    post("/api/analyze", &json!({"workflowId": "wf_test"}))
}

pub(crate) async fn refuses_the_last_5_of_25_lists(world: World) {
    let served = Served::new(&world).await;
    let mut client = served.from(2).await;
    for remaining in (0..20).rev() {
        let answer = client.send(list()).await.unwrap();
        assert_eq!(answer.status, 200);
        FREE_API.assert(&answer, remaining);
    }
    for _ in 0..5 {
        FREE_API.assert_refused(&client.send(list()).await.unwrap(), REFUSED);
    }
    // Another address has its own.
    FREE_API.assert(&served.from(3).await.send(list()).await.unwrap(), 19);
}

pub(crate) async fn refuses_the_last_2_of_12_analyses(world: World) {
    const ANALYSIS: Told = Told { tier: "free", class: "analysis", limit: 10, window: 3600 };
    let served = Served::new(&world).await;
    let mut client = served.from(2).await;
    for remaining in (0..10).rev() {
        let answer = client.send(analyze()).await.unwrap();
        assert_eq!(answer.status, 200);
        // The first leaves 19 of 20 of the one and 9 of 10 of the other.
        ANALYSIS.assert(&answer, remaining);
    }
    let body = REFUSED.replace(r#""current":20,"pro":100"#, r#""current":10,"pro":100"#);
    for _ in 0..2 {
        ANALYSIS.assert_refused(&client.send(analyze()).await.unwrap(), &body);
    }
    // Ten counted against the other limit too, the refused ones against none.
    FREE_API.assert(&client.send(list()).await.unwrap(), 9);
}

pub(crate) async fn refuses_all_lists_of_leads_from_the_sixth_on(world: World) {
    const LEADS: Told = Told { tier: "free", class: "leads", limit: 5, window: 60 };
    let served = Served::new(&world).await;
    let mut client = served.from(2).await;
    let leads = || get("/api/v1/leads").body(Body::empty()).unwrap();
    for remaining in (0..5).rev() {
        let answer = client.send(leads()).await.unwrap();
        assert_eq!(answer.status, 200);
        LEADS.assert(&answer, remaining);
    }
    // No tier above has such a limit, so there is no number to tell.
    let body = REFUSED.replace(r#""current":20,"pro":100"#, r#""current":5"#);
    for _ in 5..20 {
        LEADS.assert_refused(&client.send(leads()).await.unwrap(), &body);
    }
    let lead = json!({"name": "Ada", "email": "ada@example.com"});
    LEADS.assert_refused(&client.send(post("/v1/api/leads", &lead)).await.unwrap(), &body);
    // An account has the limits of its tier alone.
    let key = served.key(Tier::Free);
    let leads = || get("/api/v1/leads").header("x-api-key", key).body(Body::empty()).unwrap();
    assert_eq!(statuses(&mut client, 21, leads).await, then((20, 200), (1, 429)));
}

pub(crate) async fn grants_each_account_the_quotas_of_its_tier(world: World) {
    let served = Served::new(&world).await;
    let pro = REFUSED
        .replace("Free tier", "Pro tier")
        .replace("to Pro", "to Enterprise")
        .replace(r#""currentTier":"free""#, r#""currentTier":"pro""#)
        .replace(r#""current":20,"pro":100"#, r#""current":100,"enterprise":500"#);
    let enterprise = r#"{"success":false,"error":{"message":"Enterprise tier rate limit exceeded.","code":"RATE_LIMIT_EXCEEDED","retryAfter":60,"currentTier":"enterprise"}}"#;
    for (tier, name, limit, body) in [
        (Tier::Free, "free", 20, REFUSED),
        (Tier::Pro, "pro", 100, pro.as_str()),
        (Tier::Enterprise, "enterprise", 500, enterprise),
    ] {
        let told = Told { tier: name, class: "api", limit, window: 60 };
        let keyed = |request: Request<Body>| {
            let (mut head, body) = request.into_parts();
            head.headers.insert("x-api-key", served.key(tier).parse().unwrap());
            Request::from_parts(head, body)
        };
        let mut first = served.from(2).await;
        told.assert(&first.send(keyed(list())).await.unwrap(), limit - 1);
        // The account is counted, wherever it comes from.
        let mut second = served.from(3).await;
        let rest = usize::try_from(limit).unwrap() - 2;
        let all = statuses(&mut second, rest, || keyed(list())).await;
        assert!(all.iter().all(|status| *status == 200), "{all:?}");
        let analysis = first.send(keyed(analyze())).await.unwrap();
        // Of the smallest share that is left, and of equals the first.
        assert_eq!(analysis.header("x-ratelimit-remaining"), "0");
        told.assert_refused(&second.send(keyed(list())).await.unwrap(), body);
    }
    // None of that counted against the address.
    FREE_API.assert(&served.from(2).await.send(list()).await.unwrap(), 19);
}

pub(crate) async fn counts_the_analyses_of_an_account(world: World) {
    const ANALYSIS: Told = Told { tier: "pro", class: "analysis", limit: 100, window: 3600 };
    let served = Served::new(&world).await;
    let analyze = || {
        let (mut head, body) = post("/api/analyze", &json!({"workflowId": "wf_none"})).into_parts();
        head.headers.insert("x-api-key", served.key(Tier::Pro).parse().unwrap());
        Request::from_parts(head, body)
    };
    let mut client = served.from(2).await;
    assert_eq!(statuses(&mut client, 100, analyze).await, [404; 100]);
    // Both limits refuse, and the longer wait is told.
    let body = REFUSED
        .replace("Free tier", "Pro tier")
        .replace("to Pro", "to Enterprise")
        .replace(r#""currentTier":"free""#, r#""currentTier":"pro""#)
        .replace(r#""current":20,"pro":100"#, r#""current":100,"enterprise":1000"#);
    ANALYSIS.assert_refused(&client.send(analyze()).await.unwrap(), &body);
}

pub(crate) async fn counts_a_session_by_its_account(world: World) {
    let served = Served::new(&world).await;
    let user = json!({"email": "ada@example.com", "password": "correct horse", "name": "Ada"});
    let mut client = served.from(2).await;
    assert_eq!(client.send(post("/api/register", &user)).await.unwrap().status, 201);
    let login = client.send(post("/api/login", &user)).await.unwrap();
    let cookie = login.header("set-cookie").split(';').next().unwrap();
    let list = || get("/api/workflows").header("cookie", cookie).body(Body::empty()).unwrap();
    FREE_API.assert(&served.from(3).await.send(list()).await.unwrap(), 19);
    FREE_API.assert(&served.from(4).await.send(list()).await.unwrap(), 18);
    let anonymous = get("/api/workflows").body(Body::empty()).unwrap();
    FREE_API.assert(&served.from(4).await.send(anonymous).await.unwrap(), 19);
}

pub(crate) async fn counts_all_prefixes_together(world: World) {
    let served = Served::new(&world).await;
    let mut client = served.from(2).await;
    for (index, prefix) in PREFIXES.iter().cycle().take(18).enumerate() {
        let request = get(&format!("{prefix}/workflows")).body(Body::empty()).unwrap();
        FREE_API.assert(&client.send(request).await.unwrap(), 19 - u32::try_from(index).unwrap());
    }
    // Limits of a route, too: it has one name.
    let mut client = served.from(3).await;
    for (prefix, status) in PREFIXES.iter().cycle().zip([200, 200, 200, 200, 200, 429, 429, 429]) {
        let leads = get(&format!("{prefix}/leads")).body(Body::empty()).unwrap();
        assert_eq!(client.send(leads).await.unwrap().status, status, "{prefix}");
    }
    let mut client = served.from(4).await;
    for (number, prefix) in PREFIXES.iter().cycle().take(12).enumerate() {
        let path = format!("{prefix}/analyze");
        let answer = client.send(post(&path, &json!({"workflowId": "wf_test"}))).await.unwrap();
        assert_eq!(answer.status, if number < 10 { 200 } else { 429 }, "{prefix}");
    }
}

pub(crate) async fn limits_the_guessing_of_keys(world: World) {
    let served = Served::new(&world).await;
    let mut client = served.from(2).await;
    for guess in 0..20 {
        let key = format!("btz_guess_{guess}");
        let guess = get("/api/history").header("x-api-key", key).body(Body::empty()).unwrap();
        let answer = client.send(guess).await.unwrap();
        answer.assert_error(401, "UNAUTHORIZED", "A valid API key or session is required");
        assert_eq!(answer.header("x-ratelimit-tier"), "free");
    }
    let guess = get("/api/history").header("authorization", "Bearer btz_guess_20");
    let refused = client.send(guess.body(Body::empty()).unwrap()).await.unwrap();
    FREE_API.assert_refused(&refused, REFUSED);
    // Whoever has a key is not held up by who guesses next to it.
    let key = served.key(Tier::Pro);
    let known = get("/api/history").header("x-api-key", key).body(Body::empty()).unwrap();
    assert_eq!(client.send(known).await.unwrap().status, 200);
}

pub(crate) async fn bounds_registrations_by_address(world: World) {
    const STRICT: Told = Told { tier: "free", class: "strict", limit: 5, window: 3600 };
    let served = Served::new(&world).await;
    let mut client = served.from(2).await;
    let user = |number: u32| {
        let email = format!("ada{number}@example.com");
        json!({"email": email, "password": "correct horse", "name": "Ada"})
    };
    for number in 0..5 {
        let answer = client.send(post("/api/v1/register", &user(number))).await.unwrap();
        assert_eq!(answer.status, 201);
        STRICT.assert(&answer, 4 - number);
    }
    let body = REFUSED.replace(r#""current":20,"pro":100"#, r#""current":5,"pro":5"#);
    let refused = client.send(post("/api/v1/register", &user(5))).await.unwrap();
    STRICT.assert_refused(&refused, &body);
    // A key changes nothing: the address is counted.
    let mut keyed = post("/api/register", &user(5));
    keyed.headers_mut().insert("x-api-key", served.key(Tier::Enterprise).parse().unwrap());
    assert_eq!(client.send(keyed).await.unwrap().status, 429);
    let elsewhere = served.from(3).await.send(post("/api/v1/register", &user(5))).await.unwrap();
    assert_eq!(elsewhere.status, 201);
}

fn credentials(email: &str, password: &str) -> Value {
    json!({"email": email, "password": password})
}

fn assert_login_refused(answer: &Answer, at_least: u64, at_most: u64) {
    assert_login_refused_to(answer, "free", at_least, at_most);
}

fn assert_login_refused_to(answer: &Answer, tier: &str, at_least: u64, at_most: u64) {
    assert_eq!(answer.status, 429, "{answer:?}");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((at_least..=at_most).contains(&wait), "{wait}");
    let error = json!({
        "message": "Too many failed logins, try again later",
        "code": "RATE_LIMIT_EXCEEDED",
        "retryAfter": wait,
    });
    answer.assert_failure(429, error);
    assert_eq!(answer.header("ratelimit-policy"), "\"auth\";q=10;w=900");
    assert_eq!(answer.header("x-ratelimit-limit"), "10");
    assert_eq!(answer.header("x-ratelimit-window"), "900");
    assert_eq!(answer.header("x-ratelimit-remaining"), "0");
    assert_eq!(answer.header("x-ratelimit-tier"), tier);
    assert_eq!(answer.header("set-cookie"), "");
}

pub(crate) async fn blocks_whoever_guesses_a_password(world: World) {
    let served = Served::new(&world).await;
    let mut client = served.from(2).await;
    let user = json!({"email": "ada@example.com", "password": "correct horse", "name": "Ada"});
    assert_eq!(client.send(post("/api/register", &user)).await.unwrap().status, 201);
    let wrong = || post("/api/login", &credentials("Ada@Example.com", "wrong horse"));
    assert_eq!(statuses(&mut client, 10, wrong).await, vec![401; 10]);

    assert_login_refused(&client.send(wrong()).await.unwrap(), 880, 900);
    // Nor does the right password help, and knocking makes it no longer.
    let right = || post("/v1/api/login", &credentials("ada@example.com", "correct horse"));
    assert_login_refused(&client.send(right()).await.unwrap(), 880, 900);
    // The tier is the caller's.
    let mut keyed = right();
    keyed.headers_mut().insert("x-api-key", served.key(Tier::Pro).parse().unwrap());
    let refused = client.send(keyed).await.unwrap();
    assert_login_refused_to(&refused, "pro", 880, 900);
    // Others are not locked out: neither the same user elsewhere, nor another one here.
    assert_eq!(served.from(3).await.send(right()).await.unwrap().status, 200);
    let other = post("/api/login", &credentials("bob@example.com", "wrong horse"));
    assert_eq!(client.send(other).await.unwrap().status, 401);
}

pub(crate) async fn gives_successful_logins_back(world: World) {
    let served = Served::new(&world).await;
    let user = json!({"email": "ada@example.com", "password": "correct horse", "name": "Ada"});
    let mut client = served.from(2).await;
    assert_eq!(client.send(post("/api/register", &user)).await.unwrap().status, 201);
    let login = |password| post("/api/login", &credentials("ada@example.com", password));
    // Fewer than the limit of all requests of an address.
    let right = statuses(&mut client, 5, || login("correct horse")).await;
    assert_eq!(right, vec![200; 5]);
    let wrong = statuses(&mut client, 9, || login("wrong horse")).await;
    assert_eq!(wrong, vec![401; 9]);
    assert_eq!(client.send(login("correct horse")).await.unwrap().status, 200);
    assert_eq!(client.send(login("wrong horse")).await.unwrap().status, 401);
    assert_eq!(client.send(login("correct horse")).await.unwrap().status, 429);
}
