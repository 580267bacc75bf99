use std::net::TcpListener;

use bartizan_server::data::{Database, DatabaseUrl};
use bartizan_server::routes::{INTERNAL_ROUTES, PREFIXES, ROUTES};
use tempfile::TempDir;

use super::process::{Program, run, text};
use crate::http::{Connection, ROOMY};
use crate::world::{CONNECTIONS, World, number};

#[test]
fn layers_are_listed_in_the_order_in_which_they_stand() {
    let folder = TempDir::new().unwrap();
    let output = run(folder.path(), &["layers"], &[]);
    assert_eq!(output.status.code(), Some(0));
    let names: Vec<_> =
        text(&output.stdout).lines().map(|line| line.split("  ").next().unwrap()).collect();
    let expected = [
        "around everything",
        "request id",
        "client address",
        "access log",
        "security headers",
        "CORS",
        "error envelope",
        "within, around the API",
        "session",
        "identity",
        "login's own limit",
        "limits",
        "CSRF",
        "authentication",
        "accepted coding",
        "response cache",
        "compression",
        "body limit",
        "deadline",
        "extractors' own limit",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn routes_are_listed_and_are_there() {
    let folder = TempDir::new().unwrap();
    let program = Program::start(folder.path(), &[ROOMY]);
    let output = run(folder.path(), &["routes"], &[]);
    assert_eq!(output.status.code(), Some(0));
    let mut listed = Vec::new();
    for line in text(&output.stdout).lines() {
        let mut words = line.split_whitespace();
        listed.push((words.next().unwrap().to_owned(), words.next().unwrap().to_owned()));
    }

    let mut expected: Vec<_> =
        ["/live", "/ready"].map(|path| ("GET".to_owned(), path.to_owned())).into();
    for route in INTERNAL_ROUTES {
        expected.push((route.method.to_uppercase(), route.name.to_owned()));
    }
    for prefix in PREFIXES {
        for route in ROUTES {
            expected.push((route.method.to_uppercase(), format!("{prefix}{}", route.path)));
        }
    }
    assert_eq!(listed, expected);
    let mut connection = Connection::open(program.address).await.unwrap();
    for (method, path) in listed {
        let answer = connection.get(&path).await.unwrap();
        let status = if path.contains('{') {
            422
        } else if method == "GET" || path.ends_with("/leads") {
            200
        } else {
            405
        };
        assert_eq!(answer.status, status, "{method} {path}");
    }
}

#[tokio::test]
async fn the_database_is_migrated_and_seeded_by_commands_of_their_own() {
    let folder = TempDir::new().unwrap();
    let postgres = World::postgres();
    for url in ["sqlite:elsewhere/some.sqlite", &postgres.url().to_string()] {
        for (arguments, leads, says) in [
            (&["migrate"][..], 0, "The tables are up to date\n"),
            (&["seed", "--seed", "2"], 1_000, "The demo data are there\n"),
            (&["seed"], 1_000, "The database holds data and was left as it was\n"),
        ] {
            let output = run(folder.path(), arguments, &[("DATABASE_URL", url)]);
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            assert_eq!(text(&output.stdout), says);
            let url = url.strip_prefix("sqlite:").map_or_else(
                || url.parse().unwrap(),
                |path| DatabaseUrl::sqlite_file(folder.path().join(path)),
            );
            let database = Database::connect(&url, CONNECTIONS).await.unwrap();
            let count = "SELECT COUNT(*) AS value FROM leads";
            assert_eq!(number(&database, count).await, leads, "{arguments:?}");
            database.close().await;
        }
    }
}

#[test]
fn demo_data_are_refused_in_production() {
    let folder = TempDir::new().unwrap();
    let variables = [
        ("NODE_ENV", "production"),
        ("DATABASE_URL", "sqlite:some.sqlite"),
        ("FRONTEND_URL", "https://app.example.com"),
        ("ENCRYPTION_KEY", "e"),
        ("PAGINATION_KEY", "p"),
    ];
    let output = run(folder.path(), &["seed"], &variables);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("in production, demo data need --demo"), "{output:?}");
    assert_eq!(run(folder.path(), &["seed", "--demo"], &variables).status.code(), Some(0));
}

#[test]
fn the_configuration_is_shown_without_its_secrets() {
    let folder = TempDir::new().unwrap();
    let variables = [("ENCRYPTION_KEY", "hunter2"), ("PORT", "4000")];
    let output = run(folder.path(), &["config"], &variables);
    assert_eq!(output.status.code(), Some(0));
    let text = text(&output.stdout);
    assert!(text.contains("PORT                     environment  4000\n"), "{text}");
    assert!(text.contains("ENCRYPTION_KEY           environment  ********\n"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_healthcheck_tells_by_its_exit_code() {
    let folder = TempDir::new().unwrap();
    let program = Program::start(folder.path(), &[]);
    let port = program.address.port().to_string();
    let healthy = run(folder.path(), &["healthcheck"], &[("PORT", &port)]);
    assert_eq!(healthy.status.code(), Some(0), "{healthy:?}");

    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = gone.local_addr().unwrap().port().to_string();
    drop(gone);
    let dead = run(folder.path(), &["healthcheck"], &[("PORT", &port)]);
    assert_eq!(dead.status.code(), Some(1));
    let complaint = format!("bartizan-server: no answer from 127.0.0.1:{port}: ");
    assert!(text(&dead.stderr).starts_with(&complaint), "{dead:?}");
}
