//! The program as an operator starts it.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{echo, start, upstream};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bartizan-gateway"));
    for name in ["UPSTREAM", "LISTEN", "CONFIG", "LOG", "REDIS_URL", "PURGE_TOKEN"] {
        command.env_remove(format!("BARTIZAN_{name}"));
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts it and reads its log until it listens.
fn listening(mut command: Command) -> (Child, std::net::SocketAddr) {
    let mut child = command.env("NO_COLOR", "1").spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("bartizan::gateway: listening address="), "{line}");
    let (_, address) = line.trim().rsplit_once("address=").unwrap();
    (child, address.parse().unwrap())
}

#[test]
fn a_wrong_configuration_ends_it_with_one_line() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[timeouts]\nbody_ms = 0\n").unwrap();
    let output =
        program().args(["--upstream", "http://a", "--config"]).arg(file.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let expected = "bartizan-gateway: timeouts.body_ms is 0, expected milliseconds from 1 to \
        86400000\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);

    let output = program().args(["--config", "/absent.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.starts_with("bartizan-gateway: /absent.toml cannot be read: "), "{line}");
}

#[test]
fn it_prints_what_it_was_told() {
    let output = program()
        .args(["--upstream", "http://a:1", "--print-config"])
        .env("BARTIZAN_LISTEN", "127.0.0.1:9")
        .env("BARTIZAN_LOG", "")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("listen = \"127.0.0.1:9\"\n"), "{text}");
    assert!(text.contains("upstream.url = \"http://a:1\"\n"), "{text}");
    assert!(text.contains("log.level = \"info\"\n"), "{text}");

    let output = program().arg("--help").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().contains("--upstream <URL>"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_drains_it_and_a_second_one_ends_it() {
    let upstream = upstream(|_, mut raw| async move {
        while let Some(head) = raw.try_head().await {
            if head.starts_with("GET /held") {
                raw.rest().await;
            }
            raw.try_send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        }
    })
    .await;
    for signals in [vec![Signal::TERM], vec![Signal::INT, Signal::TERM]] {
        let mut command = program();
        command.args(["--upstream", &format!("http://{upstream}"), "--listen", "127.0.0.1:0"]);
        let (mut child, address) = listening(command);
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let mut client = crate::support::Raw::new(stream);
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(client.answer().await.text(), "ok");
        if signals.len() > 1 {
            client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n").await;
        }
        let pid = Pid::from_child(&child);
        for signal in signals {
            kill_process(pid, signal).unwrap();
            // The first is heard before the second is sent.
            while tokio::net::TcpStream::connect(address).await.is_ok() {
                tokio::task::yield_now().await;
            }
        }
        let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
        assert_eq!(status.code(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_logged_if_asked_for_and_without_their_query() {
    let upstream = echo().await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"log.access = true").unwrap();
    let mut command = program();
    command.args(["--upstream", &format!("http://{upstream}"), "--listen", "127.0.0.1:0"]);
    command.arg("--config").arg(file.path());
    let (mut child, address) = listening(command);
    let mut client =
        crate::support::Raw::new(tokio::net::TcpStream::connect(address).await.unwrap());
    client.send("GET /seen?secret HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.answer().await;
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let log = tokio::task::spawn_blocking(move || {
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        child.wait().unwrap();
        log
    });
    let log = log.await.unwrap();
    assert!(log.contains("answered") && log.contains("path=\"/seen\""), "{log}");
    assert!(log.contains("status=200") && !log.contains("secret"), "{log}");
}

#[tokio::test]
async fn a_taken_address_is_named() {
    let gateway = start(echo().await, "").await;
    let address = gateway.address.to_string();
    let output = tokio::task::spawn_blocking(move || {
        program().args(["--upstream", "http://a", "--listen", &address]).output().unwrap()
    });
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let line = String::from_utf8(output.stderr).unwrap();
    let expected = format!("bartizan-gateway: listen: cannot listen on {}: ", gateway.address);
    assert!(line.starts_with(&expected), "{line}");
}
