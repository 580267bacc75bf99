use std::io::ErrorKind;
use std::thread;

use bartizan_probe::Redis;

use crate::support::{is_gone, redis, redis_pid, state};

#[test]
fn answers_on_its_url() {
    let (one, two) = (Redis::start(), Redis::start());
    assert_eq!(redis(&one.url(), "PING").unwrap(), "+PONG\r\n");
    assert_eq!(redis(&one.url(), "SET key 1").unwrap(), "+OK\r\n");
    assert_eq!(redis(&two.url(), "EXISTS key").unwrap(), ":0\r\n");
}

#[test]
fn comes_back_empty_on_its_port_after_a_kill_and_a_stop() {
    let mut server = Redis::start();
    let url = server.url();
    let ends: [fn(&mut Redis); 2] = [Redis::kill, Redis::stop];
    for end in ends {
        let pid = redis_pid(&url);
        assert_eq!(redis(&url, "SET key 1").unwrap(), "+OK\r\n");
        end(&mut server);
        assert!(is_gone(pid));
        assert_eq!(redis(&url, "PING").unwrap_err().kind(), ErrorKind::ConnectionRefused);
        server.restart();
        assert_eq!(redis(&url, "EXISTS key").unwrap(), ":0\r\n");
    }
    let pid = redis_pid(&url);
    server.restart();
    assert_ne!(redis_pid(&url), pid);
    assert!(is_gone(pid));
    assert_eq!(server.url(), url);
}

#[test]
fn stands_still_while_paused_and_goes_on_when_resumed() {
    let mut server = Redis::start();
    let url = server.url();
    let pid = redis_pid(&url);
    server.pause();
    assert_eq!(state(pid), Some('T'));

    let client = thread::spawn({
        let url = url.clone();
        move || redis(&url, "PING").unwrap()
    });
    server.resume();
    assert_eq!(client.join().unwrap(), "+PONG\r\n");

    server.pause();
    server.kill();
    assert!(is_gone(pid));
}

#[test]
#[should_panic(expected = "Redis does not run now")]
fn panics_when_paused_while_it_is_down() {
    let mut server = Redis::start();
    server.stop();
    server.pause();
}

#[test]
fn outlives_the_thread_that_started_it() {
    let server = thread::spawn(Redis::start).join().unwrap();
    assert_eq!(redis(&server.url(), "PING").unwrap(), "+PONG\r\n");
}
