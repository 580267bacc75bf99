use std::time::{Duration, Instant};

use bartizan_redis_link::{Command, Script, Value};

use crate::support::{config, connected, get, patient, server};

#[tokio::test(flavor = "multi_thread")]
async fn runs_with_keys_and_arguments_of_any_bytes() {
    let (_redis, link) = server().await;
    let script = Script::new("return {KEYS[1], KEYS[2], ARGV[1], ARGV[2], #KEYS, #ARGV}");
    let bytes = [0, 255, b'\r', b'\n'];
    let reply = link.run(&script, ["one", "two"], [&bytes[..], b""]).await.unwrap();
    let expected: Vec<_> =
        [&b"one"[..], b"two", &bytes, b""].map(|it| Value::Bytes(it.to_vec().into())).into();
    let reply = reply.into_array().unwrap();
    assert_eq!(reply[..4], expected);
    assert_eq!(reply[4..], [Value::Integer(2), Value::Integer(2)]);

    let nothing: [&str; 0] = [];
    assert!(link.run(&Script::new("return nil"), nothing, nothing).await.unwrap().is_nil());
}

/// The digest is from `printf 'return 1' | sha1sum`.
#[tokio::test(flavor = "multi_thread")]
async fn is_known_by_its_sha() {
    let script = Script::new("return 1");
    assert_eq!(script.sha(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    let (_redis, link) = server().await;
    let load = Command::new("SCRIPT").arg("LOAD").arg("return 1");
    assert_eq!(link.command(load).await.unwrap().as_str(), Some(script.sha()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_in_the_middle_is_invisible() {
    let (redis, _) = server().await;
    let link = connected(&patient(&redis.url())).await;
    let admin = connected(&config(&redis.url())).await;
    let script = Script::new("return redis.call('INCR', KEYS[1])");
    let end = Instant::now() + Duration::from_secs(2);
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (link, script) = (link.clone(), script.clone());
            tokio::spawn(async move {
                let mut runs = 0;
                while Instant::now() < end {
                    link.run(&script, ["count"], [""; 0]).await.unwrap();
                    runs += 1;
                }
                runs
            })
        })
        .collect();
    let mut flushes = 0;
    while Instant::now() < end {
        admin.command(Command::new("SCRIPT").arg("FLUSH")).await.unwrap();
        flushes += 1;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let mut runs = 0;
    for task in tasks {
        runs += task.await.unwrap();
    }
    assert!(flushes > 50 && runs > 1000, "{flushes} {runs}");
    assert_eq!(get(&admin, "count").await, Some(runs), "each ran exactly once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_script_may_have_written() {
    let (_redis, link) = server().await;
    let script =
        Script::new("redis.call('SET', KEYS[1], 1) return redis.call('LPUSH', KEYS[1], 1)");
    let error = link.run(&script, ["key"], [""; 0]).await.unwrap_err();
    assert_eq!(error.code(), Some("WRONGTYPE"));
    assert!(error.may_have_executed());
    assert_eq!(get(&link, "key").await, Some(1));

    let eval = Command::new("eval").arg("return redis.call('LPUSH', KEYS[1], 1)").arg(1).key("key");
    let error = link.command(eval).await.unwrap_err();
    assert!(error.code() == Some("WRONGTYPE") && error.may_have_executed());

    let broken = link.run(&Script::new("this is no Lua"), ["key"], [""; 0]).await.unwrap_err();
    assert_eq!(broken.code(), Some("ERR"));
}
