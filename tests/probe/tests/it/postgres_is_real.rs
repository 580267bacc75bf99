use std::process::Stdio;

use bartizan_probe::Postgres;

use crate::support::{await_that, is_gone, postgres_pids, psql, query, state};

#[test]
fn answers_on_its_url_and_on_those_of_new_databases() {
    let postgres = Postgres::start();
    let databases = [postgres.url(), postgres.create_database("other_1")];
    for (url, name) in databases.iter().zip(["bartizan", "other_1"]) {
        assert_eq!(query(url, "select current_database()"), Ok(name.to_owned()));
        query(url, "create table here (it int)").unwrap();
    }
    let listening = query(&postgres.url(), "show listen_addresses");
    assert_eq!(listening, Ok("127.0.0.1".to_owned()));
}

#[test]
#[should_panic(expected = "the database bartizan was not created")]
fn panics_when_a_database_exists() {
    drop(Postgres::start().create_database("bartizan"));
}

#[test]
fn keeps_its_url_and_data_over_a_kill_and_a_stop() {
    let mut postgres = Postgres::start();
    let url = postgres.url();
    query(&url, "create table kept (number int)").unwrap();

    query(&url, "insert into kept values (1)").unwrap();
    postgres.kill();
    query(&url, "select 1").unwrap_err();
    postgres.restart();
    query(&url, "insert into kept values (2)").unwrap();
    postgres.stop();
    query(&url, "select 1").unwrap_err();
    postgres.stop();
    postgres.restart();
    query(&url, "insert into kept values (3)").unwrap();
    let pids = postgres_pids(&url);
    postgres.restart();
    assert!(pids.iter().all(|pid| is_gone(*pid)), "{pids:?}");

    assert_eq!(postgres.url(), url);
    let kept = query(&url, "select string_agg(number::text, ',' order by number) from kept");
    assert_eq!(kept, Ok("1,2,3".to_owned()));
}

#[test]
fn kills_every_process_and_breaks_open_connections() {
    let mut postgres = Postgres::start();
    let url = postgres.url();
    let mut client = psql(&url, "select pg_sleep(600)").stderr(Stdio::piped()).spawn().unwrap();
    let sleeping = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
    await_that("a client sleeps", || query(&url, sleeping).unwrap() == "1");
    let pids = postgres_pids(&url);
    assert!(pids.len() > 2, "{pids:?}");

    postgres.kill();
    assert!(pids.iter().all(|pid| is_gone(*pid)), "{pids:?}");
    assert!(!client.wait().unwrap().success());
}

#[test]
fn stands_still_while_paused_and_goes_on_when_resumed() {
    let mut postgres = Postgres::start();
    let url = postgres.url();
    let pids = postgres_pids(&url);

    postgres.pause();
    for pid in &pids {
        assert_eq!(state(*pid), Some('T'), "{pid} of {pids:?}");
    }
    let mut client = psql(&url, "select 1").stdout(Stdio::null()).spawn().unwrap();
    postgres.resume();
    for pid in &pids {
        assert_ne!(state(*pid), Some('T'), "{pid} of {pids:?}");
    }
    assert!(client.wait().unwrap().success());

    postgres.pause();
    postgres.stop();
    assert!(pids.iter().all(|pid| is_gone(*pid)), "{pids:?}");
}
