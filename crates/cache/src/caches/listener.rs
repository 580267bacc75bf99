use std::sync::Weak;

use tokio::sync::watch;

use super::Shared;
use crate::observe::Connected;
use crate::store::{Listen, Signal};

/// Hears what other instances say, for as long as there are caches.
pub(super) async fn listen(
    shared: Weak<Shared>,
    mut listen: Box<dyn Listen>,
    connections: watch::Sender<u64>,
) {
    loop {
        let signal = tokio::select! {
            signal = listen.next() => signal,
            // The keeper goes when the caches have gone.
            () = connections.closed() => return,
        };
        let (Some(signal), Some(shared)) = (signal, shared.upgrade()) else { return };
        match signal {
            Signal::Connected => {
                let connection = *connections.borrow() + 1;
                for member in shared.members() {
                    member.listen(connection);
                }
                if let Some(observer) = &shared.ground.observer {
                    observer.connected(&Connected::new(connection > 1));
                }
                connections.send_replace(connection);
            }
            Signal::Message(message) => {
                if let Some(member) = shared.member(&message.cache) {
                    member.hear(&message);
                }
            }
        }
    }
}
