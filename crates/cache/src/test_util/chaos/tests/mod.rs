mod calls;
mod messages;

use super::*;
use crate::test_util::{LocalStore, TokioClock, record};
use crate::{About, Change};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

fn chaos() -> (Chaos<LocalStore>, ChaosControl) {
    let control = ChaosControl::new();
    (Chaos::new(LocalStore::new(TokioClock::new()), &control), control)
}

fn entry(number: u8) -> Record {
    let bytes = [b'B', b'Z', 1, 0, 0, 0, 0, 0, 0, 0, 0, number];
    record(Generation::from_u64(number.into()), HOUR, bytes.to_vec())
}

fn message(number: u64) -> Message {
    let about = About::Key { key: "7".to_owned(), change: Change::Set };
    let generation = Generation::from_u64(number);
    Message { instance: 1, cache: "users".to_owned(), generation, about }
}
