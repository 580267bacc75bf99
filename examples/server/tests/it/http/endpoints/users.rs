use serde_json::{Value, json};

use super::members;
use crate::http::Answer;
use crate::http::client::Client;
use crate::world::World;

const PASSWORD: &str = "correct horse";

fn credentials(email: &str, password: &str) -> Value {
    json!({"email": email, "password": password})
}

async fn register(client: &Client, email: &str) -> Answer {
    let input = json!({"email": email, "password": PASSWORD, "name": "Ada"});
    client.post("/api/v1/register", &input).await
}

/// The cookie `session` that an answer sets: its value, and its attributes in lower case.
fn cookie(answer: &Answer) -> (String, Vec<String>) {
    let mut parts = answer.header("set-cookie").split("; ");
    let value = parts.next().unwrap().strip_prefix("session=").unwrap().to_owned();
    let mut attributes: Vec<_> = parts.map(str::to_lowercase).collect();
    attributes.sort();
    (value, attributes)
}

async fn with_session(client: &Client, method: &str, path: &str, session: &str) -> Answer {
    client.ask(method, path).header("cookie", &format!("session={session}")).send().await
}

pub(crate) async fn registers_a_user_once(world: World) {
    let client = Client::new(&world).await;

    let answer = register(&client, " Ada@Example.COM").await;

    assert_eq!(answer.status, 201);
    let user = answer.data();
    assert_eq!(members(&user), ["accountId", "createdAt", "email", "id", "name"]);
    assert_eq!((&user["email"], &user["name"]), (&json!("ada@example.com"), &json!("Ada")));
    assert_eq!(answer.header("set-cookie"), "");
    let again = register(&client, "ada@example.com").await;
    again.assert_error(409, "EMAIL_TAKEN", "This email is already registered");
}

pub(crate) async fn names_the_field_of_a_registration_that_has_to_be_mended(world: World) {
    let client = Client::new(&world).await;
    for (field, value, expected) in [
        ("email", "ada", "a mail address such as ada@example.com"),
        ("password", "1234567", "8 to 128 characters"),
        ("password", &"x".repeat(129), "8 to 128 characters"),
        ("name", "", "1 to 120 characters on one line"),
    ] {
        let mut input = json!({"email": "ada@example.com", "password": PASSWORD, "name": "Ada"});
        input[field] = value.into();
        let answer = client.post("/api/v1/register", &input).await;
        answer.assert_invalid(field, expected);
        assert!(field != "password" || !answer.body.windows(7).any(|part| part == b"1234567"));
    }
}

pub(crate) async fn opens_a_session_with_a_cookie_of_its_own(world: World) {
    let client = Client::in_production(&world).await;
    let user = register(&client, "ada@example.com").await.data();
    let login = credentials("Ada@example.com", PASSWORD);

    let first = client.post("/api/v1/login", &login).await;

    assert_eq!(first.status, 200);
    assert_eq!(first.data(), user);
    let (first, attributes) = cookie(&first);
    assert_eq!(attributes, ["httponly", "max-age=86400", "path=/", "samesite=lax", "secure"]);
    assert_eq!(with_session(&client, "GET", "/api/history", &first).await.data(), json!([]));

    // Neither the session that was, nor one that somebody else chose, is the one that is opened.
    let planted = "A".repeat(22);
    for before in [first, planted] {
        let again = client.ask("POST", "/api/v1/login");
        let again = again.header("cookie", &format!("session={before}")).json(&login).send().await;
        assert_eq!(again.status, 200);
        let (after, _) = cookie(&again);
        assert_ne!(after, before);
        assert_eq!(with_session(&client, "GET", "/api/history", &after).await.status, 200);
        assert_eq!(with_session(&client, "GET", "/api/history", &before).await.status, 401);
    }

    // Browsers of developers have no TLS.
    let client = Client::new(&world).await;
    register(&client, "ada@example.com").await;
    let (_, attributes) = cookie(&client.post("/api/v1/login", &login).await);
    assert_eq!(attributes, ["httponly", "max-age=86400", "path=/", "samesite=lax"]);
}

pub(crate) async fn tells_nobody_which_half_of_the_credentials_is_wrong(world: World) {
    let client = Client::new(&world).await;
    register(&client, "ada@example.com").await;

    for (email, password) in [("ada@example.com", "wrong horse"), ("bob@example.com", PASSWORD)] {
        let answer = client.post("/api/v1/login", &credentials(email, password)).await;
        answer.assert_error(401, "INVALID_CREDENTIALS", "Email or password is wrong");
        assert_eq!(answer.header("set-cookie"), "");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"bartizan\"");
    }
    let malformed = client.post("/api/v1/login", &credentials("ada", PASSWORD)).await;
    malformed.assert_invalid("email", "a mail address such as ada@example.com");
}

pub(crate) async fn ends_a_session_for_good(world: World) {
    let client = Client::in_production(&world).await;
    register(&client, "ada@example.com").await;
    let login = credentials("ada@example.com", PASSWORD);
    let (session, _) = cookie(&client.post("/api/v1/login", &login).await);

    let answer = with_session(&client, "POST", "/api/v1/logout", &session).await;

    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    let (value, attributes) = cookie(&answer);
    assert_eq!(value, "");
    assert!(attributes.contains(&"max-age=0".to_owned()), "{attributes:?}");
    assert!(attributes.contains(&"path=/".to_owned()), "{attributes:?}");
    let after = with_session(&client, "GET", "/api/history", &session).await;
    after.assert_error(401, "UNAUTHORIZED", "A valid API key or session is required");
    // Whoever has no session has nothing to end.
    assert_eq!(client.ask("POST", "/api/v1/logout").send().await.status, 204);
    for cookie in ["session=", "session=no-id", "session=AAAAAAAAAAAAAAAAAAAAAA"] {
        let answer = client.ask("POST", "/api/v1/logout").header("cookie", cookie).send().await;
        assert_eq!(answer.status, 204, "{cookie}");
    }
}
