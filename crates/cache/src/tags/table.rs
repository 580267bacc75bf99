use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;

use super::Cell;

/// Tags that no entry carries are kept up to this number, so that a load which began before an
/// invalidation learns of it.
const IDLE: usize = 16_384;

/// The tags that entries of one cache carry, and those heard of lately.
#[derive(Debug, Default)]
pub(crate) struct TagTable(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    cells: HashMap<Box<str>, Arc<Cell>, std::hash::RandomState>,
    /// Tags that were forgotten may have been removed up to this number of the sequence.
    floor: u64,
    sweep_at: usize,
}

impl TagTable {
    /// The cell of a tag, made if there is none.
    pub(crate) fn cell(&self, tag: &str, sequence: u64) -> Arc<Cell> {
        let mut inner = self.lock();
        if let Some(cell) = inner.cells.get(tag) {
            return Arc::clone(cell);
        }
        if inner.cells.len() >= inner.sweep_at.max(IDLE) {
            inner.sweep(sequence);
        }
        let cell = Arc::new(Cell::new(tag, inner.floor));
        inner.cells.insert(tag.into(), Arc::clone(&cell));
        cell
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing is left half done by a panic: the map's own steps are the only ones.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Forgets the tags that nobody carries. Loads that are under way and began before now, or
    /// before one of them was invalidated, may carry it, so what they bring is not kept.
    fn sweep(&mut self, sequence: u64) {
        let Self { cells, floor, .. } = self;
        *floor = (*floor).max(sequence);
        cells.retain(|_, cell| {
            let is_carried = Arc::strong_count(cell) > 1;
            if !is_carried {
                *floor = (*floor).max(cell.touched());
            }
            is_carried
        });
        // At least as many again before the next sweep, so that each costs a constant.
        self.sweep_at = self.cells.len().saturating_mul(2);
    }
}
