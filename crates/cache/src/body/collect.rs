use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::HeaderMap;

use crate::responses::Shelf;

/// Bytes of a body that is being stored, within a bound of its own and one for all of them.
pub(crate) struct Collector {
    shelf: Arc<Shelf>,
    /// What it may take without asking again is counted as taken.
    bytes: Vec<u8>,
    trailers: Option<HeaderMap>,
    limits: Limits,
    /// What its header says of its length: one that ends elsewhere is not whole.
    expected: Option<u64>,
    /// What is done at its end; once.
    finish: Option<Finish>,
}

/// How many bytes may be held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) body: usize,
    pub(crate) all: usize,
}

/// What became of a body.
pub(crate) enum Collected {
    Whole {
        body: Bytes,
        trailers: Option<HeaderMap>,
    },
    /// It is larger than one may be.
    TooLarge,
    /// There was no room beside the others.
    NoRoom,
    /// It failed, was not as long as it said, or was not read to its end.
    Cut,
}

pub(crate) type Finish = Box<dyn FnOnce(Collected) + Send + Sync>;

/// Bytes that are taken at once for a body that says its length. It is given more as it comes: a
/// promise alone takes no room from others.
const FIRST: usize = 64 << 10;

impl Collector {
    pub(crate) fn new(
        shelf: Arc<Shelf>,
        limits: Limits,
        expected: Option<u64>,
        finish: Finish,
    ) -> Self {
        let (bytes, trailers) = (Vec::new(), None);
        Self { shelf, bytes, trailers, limits, expected, finish: Some(finish) }
    }

    /// Whether more may come.
    pub(super) const fn is_collecting(&self) -> bool {
        self.finish.is_some()
    }

    pub(super) fn push(&mut self, data: &Bytes) {
        if !self.is_collecting() {
            return;
        }
        let length = self.bytes.len().saturating_add(data.len());
        if length > self.limits.body {
            self.end(Collected::TooLarge);
        } else if self.expected.is_some_and(|expected| length as u64 > expected) {
            self.end(Collected::Cut);
        } else if length > self.bytes.capacity() && !self.grow(length) {
            self.end(Collected::NoRoom);
        } else {
            self.bytes.extend_from_slice(data);
        }
    }

    pub(super) fn end_with(&mut self, trailers: &HeaderMap) {
        if self.is_collecting() {
            self.trailers.get_or_insert_default().extend(trailers.clone());
        }
    }

    /// The body has ended.
    pub(super) fn finish(&mut self) {
        if self.expected.is_some_and(|length| length != self.bytes.len() as u64) {
            self.end(Collected::Cut);
            return;
        }
        let trailers = self.trailers.take();
        let body = Bytes::from(self.release().into_boxed_slice());
        self.end(Collected::Whole { body, trailers });
    }

    /// Nothing more will come, and not all has.
    pub(super) fn give_up(&mut self) {
        self.end(Collected::Cut);
    }

    /// Makes room for so many bytes in all, if there is some.
    fn grow(&mut self, length: usize) -> bool {
        let known = self.bytes.capacity();
        let expected = self.expected.and_then(|expected| usize::try_from(expected).ok());
        let most = expected.unwrap_or(self.limits.body).min(self.limits.body).max(length);
        let first = expected.map_or(0, |expected| expected.min(FIRST));
        let wanted = known.saturating_mul(2).max(first).clamp(length, most);
        // If not twice as many, then as many as there are.
        let Some(wanted) = [wanted, length].into_iter().find(|more| self.take(more - known)) else {
            return false;
        };
        self.bytes.reserve_exact(wanted - self.bytes.len());
        // An allocator may give more than it was asked for.
        let more = self.bytes.capacity().saturating_sub(wanted);
        self.shelf.buffered.fetch_add(more, Ordering::Relaxed);
        true
    }

    /// Takes so many bytes of what all may have, if they are left.
    fn take(&self, bytes: usize) -> bool {
        let held = self.shelf.buffered.fetch_add(bytes, Ordering::Relaxed);
        let fits = held.saturating_add(bytes) <= self.limits.all;
        if !fits {
            self.shelf.buffered.fetch_sub(bytes, Ordering::Relaxed);
        }
        fits
    }

    fn end(&mut self, collected: Collected) {
        // In this order: who learns of its end finds the room given back.
        self.release();
        if let Some(finish) = self.finish.take() {
            finish(collected);
        }
    }

    fn release(&mut self) -> Vec<u8> {
        let bytes = std::mem::take(&mut self.bytes);
        self.shelf.buffered.fetch_sub(bytes.capacity(), Ordering::Relaxed);
        bytes
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.give_up();
    }
}
