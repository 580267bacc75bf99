use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bartizan_probe::RedisCluster;

#[test]
fn serves_all_slots_and_comes_back_after_a_node_was_killed() {
    let mut cluster = RedisCluster::start(3);
    // CRC16 of "foo" modulo 16384, from the cluster specification's examples: the last third.
    let slot = "12182";
    assert!(ask(&cluster, 0, "GET foo").starts_with(&format!("-MOVED {slot} ")));
    assert_eq!(ask(&cluster, 2, "SET foo 1"), "+OK\r\n");

    cluster.kill(2);
    let begin = Instant::now();
    while !ask(&cluster, 0, "GET foo").starts_with("-CLUSTERDOWN") {
        assert!(begin.elapsed() < Duration::from_secs(20), "the others did not notice");
        std::thread::sleep(Duration::from_millis(20));
    }
    cluster.restart(2);
    assert_eq!(ask(&cluster, 2, "GET foo"), "$-1\r\n");
}

fn ask(cluster: &RedisCluster, node: usize, command: &str) -> String {
    let url = cluster.urls().swap_remove(node);
    let mut stream = TcpStream::connect(url.strip_prefix("redis://").unwrap()).unwrap();
    write!(stream, "{command}\r\n").unwrap();
    let mut reply = vec![0; 512];
    let length = stream.read(&mut reply).unwrap();
    reply.truncate(length);
    String::from_utf8(reply).unwrap()
}
