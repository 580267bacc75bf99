//! The examples, served on a loopback socket and asked over it.

use std::net::SocketAddr;

use http::uri::PathAndQuery;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};

#[path = "../../examples/axum.rs"]
#[expect(dead_code, reason = "its `main`")]
mod axum;
#[path = "../../examples/hyper.rs"]
#[expect(dead_code, reason = "its `main`")]
mod hyper;
#[path = "../../examples/tonic.rs"]
#[expect(dead_code, reason = "its `main`")]
mod tonic_echo;

/// Serves on a socket of its own.
macro_rules! serve {
    ($example:ident) => {{
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async { $example::serve(listener).await.unwrap() });
        address
    }};
}

/// Asks on a connection of its own, and gives the status and the whole answer.
async fn ask(address: SocketAddr, head: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        format!("{head}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    (answer[9..12].parse().unwrap(), answer)
}

async fn statuses(address: SocketAddr, head: &str, expected: &[u16]) {
    let mut found = Vec::new();
    for _ in expected {
        found.push(ask(address, head).await.0);
    }
    assert_eq!(found, expected, "{head}");
}

#[tokio::test]
async fn the_one_of_hyper_limits_addresses_and_keys() {
    let address = serve!(hyper);
    // Two writes an hour, and five requests a minute.
    statuses(address, "POST / HTTP/1.1", &[200, 200, 429]).await;
    statuses(address, "GET / HTTP/1.1", &[200, 200, 200, 429]).await;
    statuses(address, "GET /health HTTP/1.1", &[200]).await;
    let key = "GET / HTTP/1.1\r\nX-Api-Key: demo";
    let (status, answer) = ask(address, key).await;
    assert_eq!(status, 200);
    assert!(answer.contains("x-ratelimit-tier: pro\r\n"), "{answer}");
    assert!(answer.ends_with("hello\n"), "{answer}");
    let (_, refused) = ask(address, "GET / HTTP/1.1\r\nX-Api-Key: guess").await;
    assert!(refused.contains("Upgrade to Pro for higher limits."), "{refused}");
}

#[tokio::test]
async fn the_one_of_axum_blocks_who_guesses_passwords() {
    let address = serve!(axum);
    statuses(address, "POST /login HTTP/1.1", &[401, 401, 401]).await;
    let (status, answer) = ask(address, "POST /login HTTP/1.1").await;
    assert_eq!(status, 429);
    assert!(answer.contains("retry-after: 900\r\n"), "{answer}");
    // The rest of the site is as open as it was: 4 of 20 were consumed, or 3 where refused.
    let (status, answer) = ask(address, "GET / HTTP/1.1").await;
    assert_eq!(status, 200);
    assert!(answer.contains("ratelimit: \"api\";r=16;"), "{answer}");
}

#[tokio::test]
async fn the_one_of_tonic_is_resource_exhausted_by_account() {
    let address = serve!(tonic_echo);
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let mut client: Grpc<Channel> = Grpc::new(endpoint.connect().await.unwrap());
    let mut call = async |account: &'static str| {
        client.ready().await.unwrap();
        let mut request = Request::new("hello".to_owned());
        request.metadata_mut().insert("x-account", account.parse().unwrap());
        let path = PathAndQuery::from_static("/test.Echo/Echo");
        client.unary(request, path, tonic_echo::Text).await
    };
    for _ in 0..3 {
        assert_eq!(call("ada").await.unwrap().into_inner(), "hello");
    }
    let status = call("ada").await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(status.message(), "Free tier rate limit exceeded.");
    assert_eq!(status.metadata().get("retry-after").unwrap(), "20");
    assert_eq!(call("bob").await.unwrap().metadata().get("x-ratelimit-remaining").unwrap(), "2");
}
