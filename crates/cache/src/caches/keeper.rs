use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::{Ground, Shared};
use crate::cache::Member;
use crate::observe::Recovered;
use crate::remote::{Operation, OperationKind, Remote, What};
use crate::store::StoreErrorKind;
use crate::{Generation, Mark};

/// How often what failed is tried again.
const RETRY: Duration = Duration::from_millis(250);

/// How often memory is swept, and the backplane's clock and marks are asked for again.
const ROUND: Duration = Duration::from_secs(30);

/// Opens caches, repeats what the store has missed, and sweeps the memory, for as long as there are
/// caches.
pub(super) async fn keep(
    ground: Arc<Ground>,
    shared: Weak<Shared>,
    mut connections: watch::Receiver<u64>,
) {
    let mut next_round = Instant::now() + ROUND;
    // Without a store there is no listener, and nothing that could change.
    let mut listening = true;
    let mut last = 0;
    // When what has failed is tried again: whatever else wakes the keeper, no sooner.
    let mut retry = None;
    let begun = Instant::now();
    loop {
        let Some(alive) = shared.upgrade() else { return };
        let connection = *connections.borrow_and_update();
        if let Some(remote) = &alive.remote {
            if connection == 0 {
                let patience = begun + remote.timeout();
                let is_late = Instant::now() >= patience;
                if is_late {
                    remote.missed();
                }
                retry = (!is_late).then_some(patience);
            } else if connection != last || retry.is_none_or(|retry| Instant::now() >= retry) {
                let is_done = catch_up(&alive, remote, connection).await;
                retry = if is_done { None } else { Some(Instant::now() + RETRY) };
            }
        }
        last = connection;
        if Instant::now() >= next_round {
            next_round = Instant::now() + ROUND;
            round(&alive, connection).await;
        }
        drop(alive);
        let until = retry.map_or(next_round, |retry| retry.min(next_round));
        tokio::select! {
            () = ground.wake.notified() => {}
            () = sleep_until(until) => {}
            changed = connections.changed(), if listening => listening = changed.is_ok(),
        }
    }
}

/// Asks where closed caches stand, repeats what waits, then opens them; false if something is left
/// to do.
async fn catch_up(shared: &Shared, remote: &Remote, connection: u64) -> bool {
    let closed = |member: &Arc<dyn Member>| !member.is_enabled_under(connection);
    let mut asked = Vec::new();
    let mut all = true;
    for member in shared.members().into_iter().filter(closed) {
        // A cache that was made since listens as well.
        member.listen(connection);
        match member.open(connection).await {
            Ok(()) => asked.push(member),
            Err(_) => all = false,
        }
    }
    if remote.recovery.len() > 0 && remote.is_available() {
        recover(shared, remote).await;
    }
    for member in asked {
        member.enable(connection);
    }
    if all {
        shared.open.send_if_modified(|open| {
            // A cache that was made meanwhile is not open yet.
            let is_open = |member: &Arc<dyn Member>| member.is_enabled_under(connection);
            let is_news = shared.members().iter().all(is_open) && *open != connection;
            if is_news {
                *open = connection;
            }
            is_news
        });
    }
    all && remote.recovery.len() == 0
}

async fn round(shared: &Shared, connection: u64) {
    for member in shared.members() {
        member.sweep();
        // Also keeps the marks of the cache from being forgotten.
        if connection > 0 && member.is_enabled_under(connection) {
            member.open(connection).await.ok();
        }
    }
}

async fn recover(shared: &Shared, remote: &Remote) {
    let mut replayed = 0;
    for (cache, overflow) in remote.recovery.overflowed() {
        if let Some(member) = shared.member(&cache) {
            if mark_all(&*member, overflow.mark).await.is_err() {
                return;
            }
            replayed += 1;
        }
        remote.recovery.made_up(&cache, overflow);
    }
    for waiting in remote.recovery.waiting() {
        let Some(operation) = remote.recovery.due(&waiting) else { continue };
        if let Some(member) = shared.member(&waiting.target.cache) {
            if member.replay(&waiting.target.what, &operation).await.is_err() {
                break;
            }
            replayed += 1;
        }
        remote.recovery.done(&waiting);
    }
    if let Some(observer) = &shared.ground.observer {
        observer.recovered(&Recovered::new(replayed, remote.recovery.len()));
    }
}

async fn mark_all(member: &dyn Member, mark: Mark) -> Result<(), StoreErrorKind> {
    let operation = Operation::of(OperationKind::Mark(mark), Generation::ZERO);
    member.replay(&What::All, &operation).await
}
