//! Successes worth it are compressed as the client likes best, and nothing else is.

use std::io::Read;

use axum::body::Body;
use axum::http::Request;
use hyper::body::Bytes;
use serde_json::json;

use super::Answer;
use super::client::Client;
use super::wire::{Connection, serving};

pub(super) fn decoded(answer: &Answer) -> Bytes {
    let mut bytes = Vec::new();
    let body = &answer.body[..];
    match answer.header("content-encoding") {
        "br" => brotli::Decompressor::new(body, 4096).read_to_end(&mut bytes),
        "gzip" => flate2::read::GzDecoder::new(body).read_to_end(&mut bytes),
        "zstd" => zstd::Decoder::new(body).unwrap().read_to_end(&mut bytes),
        coding => panic!("{coding:?} of {answer:?}"),
    }
    .unwrap();
    bytes.into()
}

async fn accepting(client: &Client, path: &str, accept: &str) -> Answer {
    client.ask("GET", path).header("accept-encoding", accept).send().await
}

#[tokio::test]
async fn each_coding_decodes_to_the_same_bytes() {
    let client = Client::sqlite().await;
    let plain = client.get("/api/workflows").await;
    assert_eq!(plain.header("content-encoding"), "");
    assert_eq!(plain.header("content-length"), plain.body.len().to_string());
    assert!(plain.vary().contains(&"accept-encoding".to_owned()));
    for coding in ["br", "gzip", "zstd"] {
        let answer = accepting(&client, "/api/workflows", coding).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-encoding"), coding);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("content-length"), "", "{coding}");
        assert!(answer.vary().contains(&"accept-encoding".to_owned()), "{coding}");
        assert_eq!(decoded(&answer), plain.body, "{coding}");
        // "70 % smaller JSON with compression"
        assert!(answer.body.len() * 10 < plain.body.len() * 3, "{coding}: {}", answer.body.len());
    }
}

#[tokio::test]
async fn a_compressed_answer_is_whole_on_the_wire() {
    let client = Client::sqlite().await;
    let plain = client.get("/api/workflows").await;
    let (address, _stop) = serving(client.router());
    let mut connection = Connection::open(address).await.unwrap();
    for coding in ["br", "gzip", "zstd"] {
        let request = Request::get("/api/workflows").header("accept-encoding", coding);
        let answer = connection.send(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.header("content-length"), "", "{coding}");
        assert_eq!(answer.header("transfer-encoding"), "chunked", "{coding}");
        assert_eq!(decoded(&answer), plain.body, "{coding}");
    }
}

#[tokio::test]
async fn the_coding_is_the_clients_favourite_and_ours_among_equals() {
    let client = Client::sqlite().await;
    for (accept, coding) in [
        ("gzip, br, zstd", "br"),
        ("zstd, gzip", "gzip"),
        ("gzip;q=0.5, zstd;q=0.5", "gzip"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("BR", "br"),
        ("br;q=0.8, gzip;q=0.9, zstd;q=1.0", "zstd"),
        ("br;q=0.001, gzip;q=0.002", "gzip"),
        ("gzip ; q=1 , br ; q=0.9", "gzip"),
        ("deflate, gzip;q=0.1", "gzip"),
        ("identity;q=0.5, gzip", "gzip"),
        ("gzip, *;q=0", "gzip"),
        ("", ""),
        ("deflate", ""),
        ("identity", ""),
        ("br;q=0", ""),
        ("*;q=0", ""),
        ("identity, gzip;q=0.5", ""),
        ("br;q=high", ""),
    ] {
        let answer = accepting(&client, "/api/workflows", accept).await;
        assert_eq!(answer.status, 200, "{accept}");
        assert_eq!(answer.header("content-encoding"), coding, "{accept}");
    }
    let lines = client.ask("GET", "/api/workflows").header("accept-encoding", "zstd");
    let lines = lines.header("accept-encoding", "gzip").send().await;
    assert_eq!(lines.header("content-encoding"), "gzip");
}

#[tokio::test]
async fn what_is_not_worth_it_stays_as_it_is() {
    let client = Client::sqlite().await;
    let workflow = client.get("/api/workflows/wf_test").await;
    assert!(workflow.body.len() < 1024);
    for path in ["/api/workflows/wf_test", "/live", "/ready"] {
        let answer = accepting(&client, path, "br, gzip, zstd").await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-encoding"), "", "{path}");
        assert_eq!(answer.header("content-length"), answer.body.len().to_string(), "{path}");
    }
    let nowhere = accepting(&client, "/nowhere", "br").await;
    nowhere.assert_error(404, "ROUTE_NOT_FOUND", "No route matches the request");
}

#[tokio::test]
async fn a_long_error_is_not_compressed() {
    let client = Client::sqlite().await;
    // The reason repeats the text that is no object: 512 characters of it, four bytes each.
    let text = json!("\u{1f9f1}".repeat(600));
    let ask = client.ask("POST", "/api/leads").header("accept-encoding", "br, gzip, zstd");
    let message = format!(
        "Failed to deserialize the JSON body into the target type: invalid type: string {text}"
    );
    let message: String = message.chars().take(512).collect();
    assert!(message.len() > 1024);
    ask.json(&text).send().await.assert_error(422, "VALIDATION_FAILED", &message);
}

#[tokio::test]
async fn a_client_may_switch_it_off() {
    let client = Client::sqlite().await;
    for value in ["", "1", "false"] {
        let ask = client.ask("GET", "/api/workflows").header("accept-encoding", "br, gzip, zstd");
        let answer = ask.header("x-no-compression", value).send().await;
        assert_eq!(answer.header("content-encoding"), "");
        assert_eq!(answer.header("content-length"), answer.body.len().to_string());
        assert_eq!(answer.data().as_array().unwrap().len(), 34);
    }
}
