use std::sync::Mutex;
use std::time::Instant;

use bartizan_cache::Reach;
use tokio::sync::RwLock;

use super::instance::Change;

/// What is cached: a version of each key, and since when it is the one.
#[derive(Debug)]
pub(super) struct Source {
    /// When each version began.
    keys: Vec<Mutex<Vec<Instant>>>,
    /// Changes of one key come one after another, together with their invalidations; those of many
    /// keys alone.
    pub(super) all: RwLock<()>,
    pub(super) one: Vec<tokio::sync::Mutex<()>>,
    told: Mutex<Vec<Told>>,
}

/// A change that an instance has told.
#[derive(Debug)]
#[expect(dead_code, reason = "it is printed when a test fails")]
pub(super) struct Told {
    pub(super) instance: u32,
    pub(super) change: Change,
    /// Each key that was changed, and its version from then on.
    pub(super) versions: Vec<(u32, u64)>,
    pub(super) begin: Instant,
    pub(super) end: Instant,
    pub(super) reach: Reach,
}

impl Source {
    pub(super) fn new(keys: u32) -> Self {
        let begin = Instant::now();
        Self {
            keys: (0..keys).map(|_| Mutex::new(vec![begin])).collect(),
            all: RwLock::new(()),
            one: (0..keys).map(|_| tokio::sync::Mutex::default()).collect(),
            told: Mutex::default(),
        }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.keys.len()).unwrap()
    }

    pub(super) fn version(&self, key: u32) -> u64 {
        self.keys[key as usize].lock().unwrap().len() as u64 - 1
    }

    /// Makes the next version, and returns it.
    pub(super) fn change(&self, key: u32) -> u64 {
        let mut versions = self.keys[key as usize].lock().unwrap();
        versions.push(Instant::now());
        versions.len() as u64 - 1
    }

    /// Since when a version is not the one any more.
    pub(super) fn replaced(&self, key: u32, version: u64) -> Option<Instant> {
        let versions = self.keys[key as usize].lock().unwrap();
        versions.get(usize::try_from(version).unwrap() + 1).copied()
    }

    pub(super) fn tell(&self, told: Told) {
        self.told.lock().unwrap().push(told);
    }

    /// The last changes of a key.
    pub(super) fn last(&self, key: u32) -> String {
        const LAST: usize = 6;
        let told = self.told.lock().unwrap();
        let concerned = |told: &&Told| told.versions.iter().any(|(changed, _)| *changed == key);
        let last: Vec<_> = told.iter().rev().filter(concerned).take(LAST).collect();
        format!("{last:#?}")
    }
}
