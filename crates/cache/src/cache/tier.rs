use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::Core;
use crate::codec::{Codec, CodecError};
use crate::entry::{About, Entry, Tags};
use crate::envelope::{Header, Kind, Sealer, Undecodable};
use crate::key::Key;
use crate::observe::{NotDecoded, NotStored, StoreOperation};
use crate::options::LONGEST_LOAD;
use crate::policy::{Lifetime, promoted};
use crate::remote::Remote;
use crate::store::{Record, StoreErrorKind, StoreTime, Written};
use crate::tags::Complete;
use crate::{Generation, Mark, Options, Timestamp};

/// How long the store remembers that a key was removed: longer than any load that may have begun
/// before.
const TOMBSTONE: Duration = LONGEST_LOAD.saturating_add(Duration::from_secs(30));

/// The second level of one cache.
pub(crate) struct Tier<V> {
    pub(super) remote: Arc<Remote>,
    pub(super) coder: Box<dyn Coder<V>>,
    pub(super) sealer: Sealer,
    /// The number of the connection over which messages come.
    listening: AtomicU64,
    /// The number of the connection under which the store may be asked.
    enabled: AtomicU64,
    /// The last generation that was heard of over the connection before.
    before: AtomicU64,
    /// The backplane's clock is ahead of ours by so many milliseconds.
    ahead: AtomicI64,
}

/// A [`Codec`] of whatever type.
pub(super) trait Coder<V>: Send + Sync {
    fn format(&self) -> u8;
    fn encode(&self, value: &V) -> Result<Vec<u8>, CodecError>;
    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError>;
}

impl<V, C: Codec<V> + Send + Sync> Coder<V> for C {
    fn format(&self) -> u8 {
        C::FORMAT
    }

    fn encode(&self, value: &V) -> Result<Vec<u8>, CodecError> {
        let mut bytes = Vec::new();
        Codec::encode(self, value, &mut bytes)?;
        Ok(bytes)
    }

    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError> {
        Codec::decode(self, bytes)
    }
}

impl<V> Tier<V> {
    pub(super) fn new(remote: Arc<Remote>, coder: Box<dyn Coder<V>>, sealer: Sealer) -> Self {
        let (listening, enabled) = (AtomicU64::new(0), AtomicU64::new(0));
        let (before, ahead) = (AtomicU64::new(0), AtomicI64::new(0));
        Self { remote, coder, sealer, listening, enabled, before, ahead }
    }

    /// Whether the store may be asked.
    pub(super) fn is_open(&self) -> bool {
        self.enabled.load(Ordering::Acquire) != 0 && self.remote.is_available()
    }

    pub(super) fn is_enabled_under(&self, connection: u64) -> bool {
        self.enabled.load(Ordering::Acquire) == connection
    }

    pub(super) fn listening(&self) -> u64 {
        self.listening.load(Ordering::Acquire)
    }

    /// Messages come over another connection: what was known is to be asked for again. False if it
    /// is not another, or an earlier one: the keeper may be behind.
    pub(super) fn listen(&self, connection: u64) -> bool {
        let is_later = self.listening.fetch_max(connection, Ordering::AcqRel) < connection;
        if is_later {
            self.enabled.store(0, Ordering::Release);
        }
        is_later
    }

    /// The last generation that was heard of before the connection that has just begun.
    pub(super) fn before(&self) -> Generation {
        Generation::from_u64(self.before.load(Ordering::Acquire))
    }

    pub(super) fn set_before(&self, generation: u64) {
        // Nothing was heard over a connection that ended at once.
        if generation > 0 {
            self.before.store(generation, Ordering::Release);
        }
    }

    pub(super) fn enable(&self, connection: u64) {
        if self.listening() == connection {
            self.enabled.store(connection, Ordering::Release);
        }
    }

    pub(super) fn set_clock(&self, theirs: StoreTime, ours: Timestamp) {
        let ahead =
            i64::try_from(theirs.as_millis()).unwrap_or(i64::MAX).saturating_sub(millis(ours));
        self.ahead.store(ahead, Ordering::Release);
    }

    /// How old a stored entry is, and for how long from its creation it is fresh.
    fn age(&self, header: &Header, now: Timestamp) -> (Duration, Duration) {
        let (theirs, created) = (self.store_time(now).as_millis(), header.created.as_millis());
        let (age, fresh_for) = match theirs.checked_sub(created) {
            Some(age) => (Duration::from_millis(age), header.fresh_for),
            None if created - theirs <= SKEW => (Duration::ZERO, header.fresh_for),
            // From the future: the backplane's clock went back, so nobody knows how old it is.
            None => (Duration::ZERO, Duration::ZERO),
        };
        match header.kind {
            // It was expired by an instance that may take the clock to be some milliseconds later.
            Kind::Expired => (age, fresh_for.min(age)),
            Kind::Value | Kind::Tombstone => (age, fresh_for),
        }
    }

    /// A moment of ours on the backplane's clock.
    pub(super) fn store_time(&self, moment: Timestamp) -> StoreTime {
        let theirs = millis(moment).saturating_add(self.ahead.load(Ordering::Acquire));
        StoreTime::from_millis(u64::try_from(theirs).unwrap_or(0))
    }
}

fn millis(moment: Timestamp) -> i64 {
    i64::try_from(moment.as_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

impl<V: Clone + Send + Sync + 'static> Core<V> {
    /// The name of a key in the store.
    pub(super) fn store_key(&self, key: &Key) -> String {
        format!("{}:{}", self.name, key.as_str())
    }

    /// Reads the store and puts what is there into memory. What it cannot tell, or cannot vouch
    /// for, is not there.
    pub(super) async fn read_store(
        &self,
        tier: &Tier<V>,
        key: &Key,
        options: &Options,
    ) -> Option<Arc<Entry<V>>> {
        if !tier.is_open() || tier.remote.recovery.concerns(&self.name, key) {
            return None;
        }
        let connection = tier.listening();
        let sequence = self.sequence();
        let name = self.store_key(key);
        let read = tier.remote.store.read(&name);
        let bytes = self.call(tier, StoreOperation::Read, read).await.ok()??;
        self.accept(tier, key, &name, &bytes, connection, sequence, options).await
    }

    /// Makes an entry of what the store had when the sequence stood there.
    #[expect(clippy::too_many_arguments, reason = "what a read is about; one caller has each")]
    pub(super) async fn accept(
        &self,
        tier: &Tier<V>,
        key: &Key,
        name: &str,
        bytes: &Bytes,
        connection: u64,
        sequence: u64,
        options: &Options,
    ) -> Option<Arc<Entry<V>>> {
        let (mut header, value) = self.open(tier, name, bytes)?;
        let vouched = match &value {
            Some(_) => self.vouch(tier, &mut header, connection, sequence).await?,
            None => None,
        };
        let (Some(tags), Some(value)) = (vouched, value) else {
            if header.kind != Kind::Tombstone || header.fresh_for.is_zero() {
                self.forget(key, header.generation);
            }
            return None;
        };
        let now = self.now();
        let (age, fresh_for) = tier.age(&header, now);
        if age >= header.keep_for {
            return None;
        }
        let created = now.saturating_sub(age);
        let lifetime = promoted(created, now, fresh_for, header.keep_for, options);
        let about = About {
            generation: header.generation,
            sequence,
            created,
            weight: self.weight(key, &value),
            tags,
            validators: header.validators,
        };
        let entry = Arc::new(Entry::new(value, about, &lifetime));
        if !options.memory.writes() {
            return (!self.is_outdated(key, sequence)).then_some(entry);
        }
        match self.place(key, &entry) {
            Ok(()) => Some(entry),
            Err(why) => {
                self.not_kept(why);
                // Whoever invalidated it while it was read may have joined this read since.
                (why != NotStored::Invalidated).then_some(entry)
            }
        }
    }

    /// Whether bytes are a whole entry: what was damaged may claim any generation.
    pub(super) fn is_ours(&self, tier: &Tier<V>, key: &Key, bytes: &Bytes) -> bool {
        tier.sealer.open(&self.store_key(key), tier.coder.format(), bytes).is_ok()
    }

    /// An entry; or a tombstone, which has no value.
    fn open(&self, tier: &Tier<V>, name: &str, bytes: &Bytes) -> Option<(Header, Option<V>)> {
        let opened = tier.sealer.open(name, tier.coder.format(), bytes);
        let opened = opened.and_then(|sealed| {
            if sealed.header.kind == Kind::Tombstone {
                return Ok((sealed.header, None));
            }
            let value = tier.coder.decode(&sealed.value).map_err(|_| Undecodable::Value)?;
            Ok((sealed.header, Some(value)))
        });
        let undecodable = |why: &Undecodable| {
            self.counters.not_decoded();
            if let Some(observer) = &self.ground.observer {
                observer.not_decoded(&NotDecoded::new(&self.name, *why));
            }
        };
        opened.inspect_err(undecodable).ok()
    }

    /// Asks for the marks of an entry's tags, where they are not known, and applies them. Nothing
    /// if nobody knows; no tags if the entry was removed.
    async fn vouch(
        &self,
        tier: &Tier<V>,
        header: &mut Header,
        connection: u64,
        sequence: u64,
    ) -> Option<Option<Tags>> {
        let names: Vec<&str> = header.tags.iter().map(AsRef::as_ref).collect();
        let tags = self.cells(&names, sequence);
        self.learn(tier, &tags, connection).await.ok()?;
        let mut marks = self.all.marks(connection)?;
        for tag in &tags {
            marks = marks.max(tag.marks(connection)?);
        }
        match marks.of(header.generation) {
            Some(Mark::Remove) => return Some(None),
            // When is not known, so it counts from the beginning.
            Some(Mark::Expire) => header.fresh_for = Duration::ZERO,
            None => {}
        }
        Some(Some(tags))
    }

    pub(super) fn cells(&self, names: &[&str], sequence: u64) -> Tags {
        names.iter().map(|name| self.tags.cell(name, sequence)).collect()
    }

    /// Asks for the marks of tags that are not known under this connection. Those that the
    /// backplane does not know either are founded at the last generation that was heard of: an
    /// earlier one would bring back what was removed by a mark that is lost.
    async fn learn(
        &self,
        tier: &Tier<V>,
        tags: &Tags,
        connection: u64,
    ) -> Result<(), StoreErrorKind> {
        let unknown: Vec<_> = tags.iter().filter(|tag| tag.marks(connection).is_none()).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let founded = self.generation();
        if founded == Generation::ZERO || tier.listening() != connection {
            return Err(StoreErrorKind::Unavailable);
        }
        let names: Vec<_> = unknown.iter().map(|tag| tag.name()).collect();
        let asked = tier.remote.backplane.marks(&self.name, &names, founded);
        let marks = self.call(tier, StoreOperation::Marks, asked).await?;
        for (tag, marks) in unknown.iter().zip(marks) {
            tag.learn(connection, marks, Complete::Yes);
        }
        Ok(())
    }

    /// Writes an entry that was loaded or set.
    pub(super) async fn write_store(
        &self,
        tier: &Tier<V>,
        key: &Key,
        entry: &Entry<V>,
        fresh_for: Duration,
        keep_for: Duration,
    ) -> Result<Written, StoreErrorKind> {
        // Before the entry, so that whoever reads it finds its tags.
        self.learn(tier, &entry.tags, tier.listening()).await?;
        // Of another connection, whose generations may have been others.
        if entry.generation > self.generation() {
            return Err(StoreErrorKind::Unavailable);
        }
        let header = Header {
            generation: entry.generation,
            kind: Kind::Value,
            created: tier.store_time(entry.created),
            fresh_for,
            keep_for,
            tags: entry.tags.iter().map(|tag| tag.name().into()).collect(),
            validators: entry.validators.clone(),
        };
        let Ok(value) = tier.coder.encode(&entry.value) else {
            self.not_kept(NotStored::NotEncodable);
            // What is there is older than what could not be said.
            return self.write_tombstone(tier, key, Mark::Remove, entry.generation).await;
        };
        self.write(tier, key, &header, &value, keep_for).await
    }

    /// Writes that there is no entry any more, and that no load of an earlier generation may write
    /// one. What was expired stays in the memories that have it, as a spare.
    pub(super) async fn write_tombstone(
        &self,
        tier: &Tier<V>,
        key: &Key,
        mark: Mark,
        generation: Generation,
    ) -> Result<Written, StoreErrorKind> {
        let fresh_for = match mark {
            Mark::Remove => Duration::ZERO,
            Mark::Expire => TOMBSTONE,
        };
        let header = Header {
            generation,
            kind: Kind::Tombstone,
            created: tier.store_time(self.now()),
            fresh_for,
            keep_for: TOMBSTONE,
            tags: Vec::new(),
            validators: crate::Validators::default(),
        };
        self.write(tier, key, &header, &[], TOMBSTONE).await
    }

    /// Writes again what is there, as stale; a tombstone if there is nothing.
    pub(super) async fn write_expired(
        &self,
        tier: &Tier<V>,
        key: &Key,
        generation: Generation,
    ) -> Result<Written, StoreErrorKind> {
        let name = self.store_key(key);
        let read = tier.remote.store.read(&name);
        let there = self.call(tier, StoreOperation::Read, read).await?;
        let sealed =
            there.and_then(|bytes| tier.sealer.open(&name, tier.coder.format(), &bytes).ok());
        let Some(sealed) = sealed.filter(|sealed| sealed.header.kind != Kind::Tombstone) else {
            return self.write_tombstone(tier, key, Mark::Expire, generation).await;
        };
        let mut header = sealed.header;
        let (age, _) = tier.age(&header, self.now());
        let Some(left) = header.keep_for.checked_sub(age).filter(|left| !left.is_zero()) else {
            return self.write_tombstone(tier, key, Mark::Expire, generation).await;
        };
        header.kind = Kind::Expired;
        header.generation = generation;
        header.fresh_for = header.fresh_for.min(age);
        self.write(tier, key, &header, &sealed.value, left).await
    }

    async fn write(
        &self,
        tier: &Tier<V>,
        key: &Key,
        header: &Header,
        value: &[u8],
        keep: Duration,
    ) -> Result<Written, StoreErrorKind> {
        let name = self.store_key(key);
        let Ok(bytes) = tier.sealer.seal(&name, header, tier.coder.format(), value) else {
            self.not_kept(NotStored::NotEncodable);
            return Ok(Written::Stored);
        };
        let keep = keep.min(tier.remote.backplane.retention());
        let record = Record::new(header.generation, keep, bytes);
        let write = tier.remote.store.write(&name, &record);
        self.call(tier, StoreOperation::Write, write).await
    }

    /// One call to the store or the backplane.
    pub(super) async fn call<T>(
        &self,
        tier: &Tier<V>,
        operation: StoreOperation,
        call: impl Future<Output = Result<T, crate::StoreError>>,
    ) -> Result<T, StoreErrorKind> {
        let result = tier.remote.call(&self.name, operation, call).await;
        if result.is_err() {
            self.counters.store_failed();
        }
        result
    }

    /// The weight of an entry: one, or its bytes.
    pub(super) fn weight(&self, key: &Key, value: &V) -> u32 {
        let Some(weigh) = &self.limits.weigh else { return 1 };
        let bytes = weigh(value).saturating_add(key.as_bytes().len()).saturating_add(OVERHEAD);
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }

    /// The moments of an entry in the store, for a lifetime that begins now.
    pub(super) const fn store_times(lifetime: &Lifetime) -> (Duration, Duration) {
        (lifetime.store_fresh_for, lifetime.store_keep_for)
    }
}

/// Milliseconds by which two estimates of one clock may differ.
pub(super) const SKEW: u64 = 1_000;

/// Bytes that an entry takes besides its key and value: its own fields and moka's.
const OVERHEAD: usize = 256;

impl<V> fmt::Debug for Tier<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tier").field("remote", &self.remote).finish_non_exhaustive()
    }
}
