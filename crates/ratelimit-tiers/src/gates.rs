use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::num::NonZeroU32;
use std::sync::PoisonError;

use crate::sync::{Arc, Mutex, MutexGuard, SHARDS};
use crate::{ClassId, Subject};

/// How many requests each subject has in flight, by class. Holds no subject that has none.
#[derive(Clone, Debug)]
pub(crate) struct Gates(Arc<Vec<Mutex<InFlight>>>);

type InFlight = HashMap<(Subject, ClassId), u32>;

/// A request in flight; dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Permit {
    gates: Gates,
    key: (Subject, ClassId),
}

impl Gates {
    pub(crate) fn new() -> Self {
        Self(Arc::new((0..SHARDS).map(|_| Mutex::new(InFlight::new())).collect()))
    }

    /// Lets a request in, unless so many are.
    pub(crate) fn enter(
        &self,
        subject: Subject,
        class: ClassId,
        most: NonZeroU32,
    ) -> Option<Permit> {
        let key = (subject, class);
        let mut shard = self.shard(subject);
        let inside = shard.entry(key).or_insert(0);
        if *inside >= most.get() {
            return None;
        }
        *inside += 1;
        drop(shard);
        Some(Permit { gates: self.clone(), key })
    }

    fn shard(&self, subject: Subject) -> MutexGuard<'_, InFlight> {
        #[expect(clippy::indexing_slicing, reason = "a shard is less than their number")]
        self.0[subject.shard()].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Entry::Occupied(mut inside) = self.gates.shard(self.key.0).entry(self.key) {
            *inside.get_mut() -= 1;
            if *inside.get() == 0 {
                inside.remove();
            }
        }
    }
}

#[cfg(all(test, bartizan_loom))]
mod model {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::sync::AtomicUsize;

    #[test]
    fn never_more_than_so_many_are_inside_and_who_leaves_lets_one_in() {
        loom::model(|| {
            let gates = Gates::new();
            let (subject, class) = (Subject::from_u128(7), ClassId::of("api"));
            let inside = Arc::new(AtomicUsize::new(0));
            let visit = move |gates: &Gates, inside: &AtomicUsize| {
                let permit = gates.enter(subject, class, NonZeroU32::MIN);
                if permit.is_some() {
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    inside.fetch_sub(1, Ordering::SeqCst);
                }
            };
            let (theirs, others) = (gates.clone(), Arc::clone(&inside));
            let thread = loom::thread::spawn(move || visit(&theirs, &others));
            visit(&gates, &inside);
            thread.join().expect("the other thread ends");
            assert!(gates.enter(subject, class, NonZeroU32::MIN).is_some());
        });
    }
}
