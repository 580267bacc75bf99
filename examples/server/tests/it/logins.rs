//! Blocks after failed logins, on a clock of their own.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bartizan_ratelimit_tiers::{ClientIp, Clock, MemoryStore, Timestamp};
use bartizan_server::domain::Email;
use bartizan_server::limits::LoginGuard;

#[derive(Debug)]
struct Manual(AtomicU64);

impl Clock for Manual {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::SeqCst))
    }
}

struct Door {
    guard: LoginGuard<MemoryStore<Arc<Manual>>>,
    clock: Arc<Manual>,
    email: Email,
}

impl Door {
    fn new() -> Self {
        let clock = Arc::new(Manual(AtomicU64::new(1_795_132_800_000_000_000)));
        let store = MemoryStore::with_capacity_and_clock(1 << 20, Arc::clone(&clock)).unwrap();
        let guard = LoginGuard::new(store, NonZeroU32::MIN).unwrap();
        Self { guard, clock, email: "ada@example.com".parse().unwrap() }
    }

    /// Fails to log in: the wait, where even the attempt is refused.
    async fn fail_from(&self, client: &str) -> Option<Duration> {
        let client = ClientIp::new(client.parse::<IpAddr>().unwrap());
        let attempt = self.guard.admit(&self.email, Some(client)).await;
        attempt.err().map(|refused| refused.wait())
    }

    async fn fail(&self) -> Option<Duration> {
        self.fail_from("192.0.2.1").await
    }

    fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(u64::try_from(time.as_nanos()).unwrap(), Ordering::SeqCst);
    }
}

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn blocks_grow_up_to_a_day_and_knocking_makes_them_no_longer() {
    let door = Door::new();
    for minutes in [15, 30, 60, 120, 240, 480, 960, 1440, 1440] {
        for _ in 0..10 {
            assert_eq!(door.fail().await, None, "before the block of {minutes} minutes");
        }
        assert_eq!(door.fail().await, Some(minutes * MINUTE));
        door.pass((minutes - 1) * MINUTE);
        assert_eq!(door.fail().await, Some(MINUTE));
        door.pass(MINUTE);
    }
}

#[tokio::test]
async fn blocks_are_forgotten_a_day_after_the_last() {
    let door = Door::new();
    for minutes in [15, 15] {
        for _ in 0..10 {
            assert_eq!(door.fail().await, None);
        }
        assert_eq!(door.fail().await, Some(minutes * MINUTE));
        door.pass(minutes * MINUTE + Duration::from_hours(24));
    }
}

#[tokio::test]
async fn failures_are_forgotten_after_the_window() {
    let door = Door::new();
    for _ in 0..9 {
        assert_eq!(door.fail().await, None);
    }
    door.pass(15 * MINUTE);
    for _ in 0..10 {
        assert_eq!(door.fail().await, None);
    }
    assert!(door.fail().await.is_some());
}

#[tokio::test]
async fn addresses_of_one_ipv6_network_are_one() {
    let door = Door::new();
    for host in 0..10 {
        assert_eq!(door.fail_from(&format!("2001:db8::{host:x}")).await, None);
    }
    assert!(door.fail_from("2001:db8:0:0:ffff::1").await.is_some());
    assert_eq!(door.fail_from("2001:db8:0:1::1").await, None);
}
