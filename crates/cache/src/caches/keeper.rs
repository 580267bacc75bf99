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
    loop {
        let Some(alive) = shared.upgrade() else { return };
        let connection = *connections.borrow_and_update();
        let mut behind = false;
        if connection > 0
            && let Some(remote) = &alive.remote
        {
            behind = !catch_up(&alive, remote, connection).await;
        }
        if Instant::now() >= next_round {
            next_round = Instant::now() + ROUND;
            round(&alive, connection).await;
        }
        drop(alive);
        let until = if behind { (Instant::now() + RETRY).min(next_round) } else { next_round };
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
        shared.open.send_if_modified(|open| std::mem::replace(open, connection) != connection);
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
    for cache in remote.recovery.overflowed() {
        if let Some(member) = shared.member(&cache) {
            if expire(&*member).await.is_err() {
                return;
            }
            replayed += 1;
        }
        remote.recovery.expired(&cache);
    }
    for waiting in remote.recovery.waiting() {
        if let Some(member) = shared.member(&waiting.target.cache) {
            if member.replay(&waiting.target.what, &waiting.operation).await.is_err() {
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

async fn expire(member: &dyn Member) -> Result<(), StoreErrorKind> {
    let operation = Operation::of(OperationKind::Mark(Mark::Expire), Generation::ZERO);
    member.replay(&What::All, &operation).await
}
