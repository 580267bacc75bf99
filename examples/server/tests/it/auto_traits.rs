//! A handler of a multi-threaded server may await whatever the data offer.

use bartizan_server::data::seed::{SeedSize, demo_keys, demo_location, seed};
use bartizan_server::data::{Database, SqlSessionStore, Transaction};
use bartizan_server::domain::Timestamp;
use bartizan_server::domain::passwords::Passwords;
use bartizan_server::domain::users::{Credentials, Home, Registration, register, verify};

fn assert_send(_: impl Send) {}

fn assert_shared<T: Clone + Send + Sync + 'static>() {}

#[expect(dead_code, reason = "it is enough that it compiles")]
fn futures_are_send(database: &Database, who: Registration, claim: Credentials) {
    let passwords = Passwords::default();
    assert_send(database.migrate());
    assert_send(database.analyze());
    assert_send(seed(database, SeedSize::default(), Timestamp::MIN));
    assert_send(demo_keys(database));
    assert_send(register(database, &passwords, who, &Home::At(demo_location()), Timestamp::MIN));
    assert_send(verify(database, &passwords, claim));
}

#[test]
fn values_are_shared_between_threads() {
    assert_shared::<Database>();
    assert_shared::<Passwords>();
    assert_shared::<SqlSessionStore>();
    let _ = |transaction: Transaction| assert_send(transaction);
}
