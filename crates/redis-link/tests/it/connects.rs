use std::error::Error;
use std::time::{Duration, Instant};

use bartizan_probe::Redis;
use bartizan_redis_link::{BreakerState, Command, Link, LinkState, Outage};

use crate::support::{PATIENCE, config, connected, ping, server, until};

#[tokio::test(flavor = "multi_thread")]
async fn starts_without_redis_and_connects_when_it_appears() {
    let mut redis = Redis::start();
    redis.stop();

    let begin = Instant::now();
    let link = Link::connect(&config(&redis.url()));
    assert!(begin.elapsed() < Duration::from_millis(100));
    until("the state says why", || async {
        link.state() == LinkState::Disconnected(Outage::Unreachable)
    })
    .await;

    let begin = Instant::now();
    let error = ping(&link).await.unwrap_err();
    assert!(begin.elapsed() < Duration::from_millis(100));
    assert!(error.is_disconnected() && !error.may_have_executed() && !error.is_closed());
    assert!(error.source().unwrap().to_string().contains("refused"), "{error:?}");
    let error = link.ready(Duration::from_millis(50)).await.unwrap_err();
    assert!(error.is_disconnected() && error.source().is_some());

    redis.restart();
    link.ready(PATIENCE).await.unwrap();
    assert_eq!(link.state(), LinkState::Connected);
    assert_eq!(ping(&link).await.unwrap().as_str(), Some("PONG"));
    assert_eq!(link.epoch().as_u64(), 1);
    assert_eq!(link.breaker(), BreakerState::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_a_state_and_the_right_one_works() {
    let (redis, admin) = server().await;
    let set = Command::new("CONFIG").arg("SET").arg("requirepass").arg("right#1");
    admin.command(set).await.unwrap();

    let wrong = redis.url().replace("redis://", "redis://:wrong-secret@");
    let link = Link::connect(&config(&wrong));
    let error = link.ready(Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(link.state(), LinkState::Disconnected(Outage::Refused));
    assert!(error.source().unwrap().to_string().contains("WRONGPASS"), "{error:?}");
    assert!(!format!("{error:?} {link:?}").contains("wrong-secret"));

    let link = Link::connect(&config(&redis.url()));
    assert!(link.ready(Duration::from_secs(1)).await.is_err());
    assert_eq!(link.state(), LinkState::Disconnected(Outage::Refused));

    let right = redis.url().replace("redis://", "redis://default:right%231@");
    connected(&config(&right)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn selects_the_database_of_the_url() {
    let (redis, zero) = server().await;
    let seven = connected(&config(&format!("{}/7", redis.url()))).await;
    seven.command(Command::new("SET").key("key").arg(1)).await.unwrap();
    assert!(zero.command(Command::new("GET").key("key")).await.unwrap().is_nil());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_accepts_and_says_nothing_is_silent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let link = Link::connect(&config(&url).with_connect_timeout(Duration::from_millis(100)));
    until("it is silent", || async { link.state() == LinkState::Disconnected(Outage::Silent) })
        .await;
    assert!(ping(&link).await.unwrap_err().is_disconnected());
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_speaks_no_tls_is_untrusted() {
    use std::io::Write;

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rediss://localhost:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.write_all(b"-ERR this is no TLS\r\n").unwrap();
            // Keeps the connection until the other side ends it.
            std::io::copy(&mut stream, &mut std::io::sink()).ok();
        }
    });
    let link = Link::connect(&config(&url));
    until("it is untrusted", || async {
        link.state() == LinkState::Disconnected(Outage::Untrusted)
    })
    .await;
}
