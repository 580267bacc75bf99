use std::fs;
use std::net::SocketAddr;

use axum::body::Body;
use axum::http::Request;
use bartizan_probe::free_port;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::Program;
use crate::http::{Answer, Connection};

async fn ask(program: &Program, request: Request<Body>) -> Answer {
    let mut connection = Connection::open(program.address).await.unwrap();
    connection.send(request).await.unwrap()
}

async fn leads(program: &Program) -> Value {
    let request = Request::get("/api/leads").body(Body::empty()).unwrap();
    ask(program, request).await.json()["pagination"]["total"].clone()
}

#[tokio::test]
async fn starts_in_an_empty_folder_and_again_on_what_it_left() {
    let folder = TempDir::new().unwrap();
    let program = Program::start(folder.path(), &[]);
    assert!(folder.path().join("data/bartizan.sqlite").is_file());
    assert_eq!(leads(&program).await, 500);
    let lead = json!({"name": "Ada", "email": "ada@example.com"}).to_string();
    let lead = Request::post("/api/leads").header("content-type", "application/json").body(lead);
    assert_eq!(ask(&program, lead.unwrap().map(Body::from)).await.status, 201);

    // A key for each tier, and lines to try it with.
    for (tier, location) in
        [("free", "loc_demo_1"), ("pro", "loc_demo_2"), ("enterprise", "loc_demo_3")]
    {
        let mut lines = program.welcome.lines().map(str::split_whitespace);
        let key = lines.find_map(
            |mut words| {
                if words.next() == Some(tier) { words.next() } else { None }
            },
        );
        let request = Request::get("/api/workflows").header("x-api-key", key.unwrap());
        let answer = ask(&program, request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.data()[0]["locationId"], location);
    }
    let curl = format!("curl http://{}/api/workflows\n", program.address);
    assert!(program.welcome.contains(&curl), "{}", program.welcome);

    program.signal(Signal::TERM);
    assert_eq!(program.end().code(), Some(0));
    let program = Program::start(folder.path(), &[]);
    assert_eq!(leads(&program).await, 501);
}

#[test]
fn a_signal_while_it_starts_ends_it_without_a_welcome() {
    let folder = TempDir::new().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    // More demo data than could be written before the signal.
    let program = Program::begin(folder.path(), &["--seed", "2000"], address);
    program.signal(Signal::TERM);
    assert_eq!(program.end().code(), Some(0));
    assert_eq!(fs::read_to_string(folder.path().join("stdout")).unwrap(), "");
}

#[test]
fn the_data_are_in_the_database_file_when_it_has_ended() {
    let folder = TempDir::new().unwrap();
    let program = Program::start(folder.path(), &[]);
    program.signal(Signal::TERM);
    assert_eq!(program.end().code(), Some(0));
    let names = fs::read_dir(folder.path().join("data")).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["bartizan.sqlite"]);
}
