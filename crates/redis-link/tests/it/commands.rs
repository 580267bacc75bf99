use bartizan_redis_link::{Arg, Command, Script, Value};

use crate::support::{ping, server};

#[tokio::test(flavor = "multi_thread")]
async fn sends_any_bytes_and_reads_them_back() {
    let (_redis, link) = server().await;
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let set = Command::new("SET").key(&b"a\0\r\n"[..]).arg(bytes.clone()).arg("PX").arg(60_000);
    assert!(link.command(set).await.unwrap().is_ok());
    let value = link.command(Command::new("GET").key(&b"a\0\r\n"[..])).await.unwrap();
    assert_eq!(value.into_bytes().unwrap(), bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_every_kind_of_reply() {
    let (_redis, link) = server().await;
    let reply = async |lua: &str| {
        let script = Script::new(format!("redis.setresp(3) return {lua}"));
        link.run(&script, [""; 0], [""; 0]).await.unwrap()
    };
    assert_eq!(reply("12345").await, Value::Integer(12345));
    assert_eq!(reply("{double=3.25}").await, Value::Double(3.25));
    assert!(reply("nil").await.is_nil());
    assert_eq!(reply("true").await, Value::Bool(true));
    assert_eq!(reply("false").await.as_bool(), Some(false));
    assert_eq!(reply("'Hello'").await, Value::Bytes("Hello".into()));
    assert_eq!(reply("{ok='FINE'}").await, Value::Status("FINE".into()));
    let verbatim = "{verbatim_string={format='txt', string='text'}}";
    assert_eq!(reply(verbatim).await.as_str(), Some("text"));
    assert_eq!(reply("{big_number='123456789012345678901'}").await.as_integer(), None);
    let two = [Value::Integer(1), Value::Integer(2)];
    assert_eq!(reply("{1, 2}").await.as_array(), Some(&two[..]));
    assert_eq!(reply("{set={one=true}}").await, Value::Array(vec![Value::Bytes("one".into())]));
    let map = reply("{map={one=true}}").await;
    assert_eq!(map.as_map(), Some(&[(Value::Bytes("one".into()), Value::Bool(true))][..]));
    assert_eq!(map.into_map().unwrap().len(), 1);
    let nested = reply("{1, {err='CODE words'}}").await.into_array().unwrap();
    assert!(matches!(&nested[1], Value::Error(error) if error.code() == "CODE"), "{nested:?}");

    let pushed = Command::new("RPUSH").key("list").args(["1", "2.5"]);
    assert_eq!(link.command(pushed).await.unwrap().as_integer(), Some(2));
    let items = link.command(Command::new("LRANGE").key("list").args([0, -1])).await.unwrap();
    assert_eq!(items.as_array().unwrap()[0].as_integer(), Some(1));
    assert_eq!(items.as_array().unwrap()[1].as_double(), Some(2.5));
    assert_eq!(items.as_array().unwrap()[1].as_integer(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_what_would_disturb_the_others_on_the_connection() {
    let (_redis, link) = server().await;
    for name in ["SUBSCRIBE", "blpop", "MULTI", "Select", "MONITOR", "WAITAOF", "CLIENT REPLY"] {
        let error = link.command(Command::new(name).arg("0").arg("0")).await.unwrap_err();
        assert!(error.is_unsupported() && !error.may_have_executed(), "{name}");
    }
    for args in [["REPLY", "OFF"], ["pause", "600"]] {
        let error = link.command(Command::new("CLIENT").args(args)).await.unwrap_err();
        assert!(error.is_unsupported() && !error.may_have_executed(), "{args:?}");
    }
    ping(&link).await.unwrap();
    assert_eq!(link.in_flight(), 0);
}

#[test]
fn numbers_are_sent_in_decimal() {
    const STATIC: Arg = Arg::from_static("static");
    assert_eq!(Arg::from(&STATIC).as_bytes(), b"static");
    assert_eq!(Arg::from(-7).as_bytes(), b"-7");
    assert_eq!(Arg::from(u64::MAX).as_bytes(), b"18446744073709551615");
}
