//! Random calls of one caller after the other, against a model that knows nothing of flights,
//! sequences or atomics: it keeps a list of what has happened and reads the rules off it.

use std::sync::{Arc, Mutex};

use bartizan_cache::{Freshness, Item, LoadError, Options, Source, StaleReason};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::time::Instant;

use crate::support::{Broken, Numbers, millis, minute, numbers, settle};

/// Keys whose invalidations keep nothing of one another out of the cache; see `apart`.
const KEYS: usize = 2;
const TAGS: [&str; 2] = ["t0", "t1"];

/// All times are milliseconds, and those of options are multiples of 100. Calls begin at multiples
/// of 100, loaders take seven more, and are given up at fifty more, so no two timers ever meet.
#[derive(Clone, Debug)]
struct Rules {
    ttl: u64,
    eager: bool,
    revalidate: u64,
    fail_safe: Option<(u64, u64)>,
    soft: Option<u64>,
    hard: Option<u64>,
    abandon: u64,
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Advance(u64),
    Get(usize),
    Load { key: usize, rules: usize, takes: u64, fails: bool, tag: Option<usize> },
    Set { key: usize, rules: usize, tag: Option<usize> },
    Remove(usize),
    Expire(usize),
    RemoveTag(usize),
    ExpireTag(usize),
    Clear,
    ExpireAll,
}

fn hundreds(most: u64) -> impl Strategy<Value = u64> {
    (1..=most).prop_map(|hundreds| hundreds * 100)
}

fn rules() -> impl Strategy<Value = Rules> {
    (
        hundreds(20),
        any::<bool>(),
        prop_oneof![Just(0), hundreds(10)],
        proptest::option::of((hundreds(20), prop_oneof![Just(0), hundreds(5)])),
        proptest::option::of(hundreds(5)),
        proptest::option::of(hundreds(8)),
        (2_u64..=20).prop_map(|hundreds| hundreds * 100 + 50),
    )
        .prop_map(|(ttl, eager, revalidate, fail_safe, soft, hard, abandon)| Rules {
            ttl,
            eager,
            revalidate,
            fail_safe,
            soft,
            hard,
            abandon,
        })
}

fn act() -> impl Strategy<Value = Act> {
    let key = 0..KEYS;
    let tag = || proptest::option::of(0..TAGS.len());
    let takes = prop_oneof![Just(0), hundreds(12).prop_map(|time| time + 7)];
    prop_oneof![
        6 => hundreds(15).prop_map(Act::Advance),
        2 => key.clone().prop_map(Act::Get),
        9 => (key.clone(), 0_usize..2, takes, any::<bool>(), tag()).prop_map(
            |(key, rules, takes, fails, tag)| Act::Load { key, rules, takes, fails, tag }
        ),
        2 => (key.clone(), 0_usize..2, tag()).prop_map(|(key, rules, tag)| Act::Set { key, rules, tag }),
        1 => key.clone().prop_map(Act::Remove),
        2 => key.prop_map(Act::Expire),
        1 => (0..TAGS.len()).prop_map(Act::RemoveTag),
        1 => (0..TAGS.len()).prop_map(Act::ExpireTag),
        1 => Just(Act::Clear),
        1 => Just(Act::ExpireAll),
    ]
}

impl Rules {
    fn options(&self) -> Options {
        let mut options = Options::new(millis(self.ttl))
            .with_stale_while_revalidate(millis(self.revalidate))
            .with_abandon_after(millis(self.abandon));
        if self.eager {
            options = options.with_eager_refresh(0.5).unwrap();
        }
        if let Some((most, throttle)) = self.fail_safe {
            options = options.with_fail_safe(millis(most), millis(throttle));
        }
        if let Some(soft) = self.soft {
            options = options.with_soft_timeout(millis(soft));
        }
        if let Some(hard) = self.hard {
            options = options.with_hard_timeout(millis(hard));
        }
        options
    }
}

/// What an answer is: a value of which age and freshness, or an error.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    Fresh { value: u32, age: u64, loaded: bool },
    Stale { value: u32, age: u64, reason: StaleReason },
    Failed,
    TimedOut,
    Abandoned,
    Nothing,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    value: u32,
    tag: Option<usize>,
    /// The number of the act that began to make it, and the moment it was made.
    began: usize,
    created: u64,
    fresh_until: u64,
    due_at: u64,
    keep_until: u64,
    retry_at: u64,
}

#[derive(Clone, Debug)]
struct Flight {
    began: usize,
    ends: u64,
    end: End,
    tag: Option<usize>,
    value: u32,
    rules: Rules,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Value,
    Failed,
    Abandoned,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mark {
    Key(usize),
    Tag(usize),
    All,
}

#[derive(Default)]
struct Model {
    now: u64,
    /// Counts acts and the ends of loads, so that what came first is known.
    step: usize,
    entries: [Option<Entry>; KEYS],
    flights: [Vec<Flight>; KEYS],
    /// What was removed, what was expired, in which step and when.
    removed: Vec<(Mark, usize)>,
    expired: Vec<(Mark, usize, u64)>,
    begun: Vec<u32>,
    loads: u64,
    failures: u64,
    answers: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Use {
    Fresh,
    Due,
    Revalidate,
    Throttled,
    Spare,
    None,
}

impl Entry {
    fn carries(&self, mark: Mark) -> bool {
        match mark {
            Mark::Tag(tag) => self.tag == Some(tag),
            Mark::All => true,
            Mark::Key(_) => false,
        }
    }
}

impl Model {
    /// The entry of a key as it stands: gone if a tag was removed, stale if one was expired.
    fn entry(&self, key: usize) -> Option<Entry> {
        let mut entry = self.entries[key]?;
        let gone = |(mark, step): &(Mark, usize)| *step > entry.began && entry.carries(*mark);
        if self.removed.iter().any(gone) {
            return None;
        }
        for (mark, step, at) in &self.expired {
            if *step > entry.began && entry.carries(*mark) {
                entry.fresh_until = entry.fresh_until.min(*at);
            }
        }
        Some(entry)
    }

    fn usable(&self, key: usize, rules: &Rules) -> (Use, Option<Entry>) {
        let Some(entry) = self.entry(key) else { return (Use::None, None) };
        let now = self.now;
        let held = now < entry.retry_at;
        if now < entry.fresh_until {
            let due = now >= entry.due_at && !held;
            return (if due { Use::Due } else { Use::Fresh }, Some(entry));
        }
        let stale_for = now - entry.fresh_until;
        let kept = now < entry.keep_until;
        let usable = if kept && stale_for < rules.revalidate {
            if held { Use::Throttled } else { Use::Revalidate }
        } else if kept && rules.fail_safe.is_some_and(|(most, _)| stale_for < most) {
            if held { Use::Throttled } else { Use::Spare }
        } else {
            Use::None
        };
        (usable, Some(entry))
    }

    /// Time goes by, and loads end in their order.
    fn until(&mut self, moment: u64) {
        loop {
            let next = (0..KEYS)
                .flat_map(|key| self.flights[key].iter().map(move |flight| (flight.ends, key)))
                .filter(|(ends, _)| *ends <= moment)
                .min();
            let Some((ends, key)) = next else { break };
            self.now = ends;
            self.step += 1;
            let at = self.flights[key].iter().position(|flight| flight.ends == ends).unwrap();
            let flight = self.flights[key].remove(at);
            self.land(key, &flight);
        }
        self.now = moment;
    }

    fn land(&mut self, key: usize, flight: &Flight) {
        self.loads += 1;
        if flight.end != End::Value {
            self.failures += 1;
            let pause = flight.rules.fail_safe.map_or(1_000, |(_, throttle)| throttle);
            if let Some(entry) = &mut self.entries[key] {
                entry.retry_at = entry.retry_at.max(self.now + pause);
            }
            return;
        }
        let entry = made(flight, self.now, flight.value, flight.tag, flight.began, &flight.rules);
        let of_key = |(mark, step): &(Mark, usize)| *step > flight.began && *mark == Mark::Key(key);
        let gone = |(mark, step): &(Mark, usize)| *step > flight.began && entry.carries(*mark);
        if !self.removed.iter().any(|removed| of_key(removed) || gone(removed)) {
            self.entries[key] = Some(entry);
        }
    }

    /// The load that a call begins or joins, and whether it began it.
    fn flight(&mut self, key: usize, flight: Flight) -> (Flight, bool) {
        let outdated = |there: &Flight| {
            let of_key = |mark: Mark| mark == Mark::Key(key) || mark == Mark::All;
            self.removed.iter().any(|(mark, step)| *step > there.began && of_key(*mark))
                || self.expired.iter().any(|(mark, step, _)| *step > there.began && of_key(*mark))
        };
        if let Some(there) = self.flights[key].last()
            && !outdated(there)
        {
            return (there.clone(), false);
        }
        self.begun.push(flight.value);
        self.flights[key].push(flight.clone());
        (flight, true)
    }

    fn load(
        &mut self,
        key: usize,
        rules: &Rules,
        takes: u64,
        fails: bool,
        tag: Option<usize>,
        value: u32,
    ) -> Said {
        let (arrived, arrival) = (self.now, self.step);
        loop {
            let (usable, entry) = self.usable(key, rules);
            let abandoned = takes > rules.abandon;
            let new = Flight {
                began: self.step,
                ends: self.now + takes.min(rules.abandon),
                end: match (abandoned, fails) {
                    (true, _) => End::Abandoned,
                    (false, true) => End::Failed,
                    (false, false) => End::Value,
                },
                tag,
                value,
                rules: rules.clone(),
            };
            match (usable, entry) {
                (Use::Fresh, Some(entry)) => return self.fresh(&entry),
                (Use::Due, Some(entry)) => {
                    self.flight(key, new);
                    return self.fresh(&entry);
                }
                (Use::Revalidate, Some(entry)) => {
                    self.flight(key, new);
                    return self.stale(&entry, StaleReason::Revalidating);
                }
                (Use::Throttled, Some(entry)) => return self.stale(&entry, StaleReason::Throttled),
                _ => {}
            }
            let (flight, began) = self.flight(key, new);
            let hard = rules.hard.map(|hard| arrived + hard);
            let soft = rules.soft.filter(|_| rules.fail_safe.is_some()).map(|soft| arrived + soft);
            for limit in [soft, hard].into_iter().flatten() {
                let limit = hard.map_or(limit, |hard| limit.min(hard));
                if limit < flight.ends {
                    // A limit that is past is looked at before the load has begun.
                    if limit > self.now {
                        self.until(limit);
                    }
                    if let Some(said) = self.spare(key, rules, StaleReason::LoaderSlow) {
                        return said;
                    }
                    if hard == Some(limit) {
                        return Said::TimedOut;
                    }
                }
            }
            self.until(flight.ends);
            if flight.end == End::Value {
                let tagged = |mark: &Mark| flight.tag.is_some_and(|tag| *mark == Mark::Tag(tag));
                let before = |step: usize| step > flight.began && step <= arrival;
                let outdated =
                    self.removed.iter().any(|(mark, step)| tagged(mark) && before(*step))
                        || self.expired.iter().any(|(mark, step, _)| tagged(mark) && before(*step));
                if outdated && !began {
                    self.step += 1;
                    continue;
                }
                return Said::Fresh { value: flight.value, age: 0, loaded: true };
            }
            if let Some(said) = self.spare(key, rules, StaleReason::LoaderFailed) {
                return said;
            }
            return if flight.end == End::Failed { Said::Failed } else { Said::Abandoned };
        }
    }

    fn spare(&self, key: usize, rules: &Rules, reason: StaleReason) -> Option<Said> {
        match self.usable(key, rules) {
            (Use::Fresh | Use::Due, Some(entry)) => Some(self.fresh(&entry)),
            (Use::None, _) | (_, None) => None,
            (_, Some(entry)) => rules.fail_safe.map(|_| self.stale(&entry, reason)),
        }
    }

    fn fresh(&self, entry: &Entry) -> Said {
        Said::Fresh { value: entry.value, age: self.now - entry.created, loaded: false }
    }

    fn stale(&self, entry: &Entry, reason: StaleReason) -> Said {
        Said::Stale { value: entry.value, age: self.now - entry.created, reason }
    }

    fn act(&mut self, act: Act, rules: &[Rules; 2], value: u32) -> Said {
        self.step += 1;
        let (step, now) = (self.step, self.now);
        match act {
            Act::Advance(time) => self.until(self.now + time),
            Act::Get(key) => {
                self.answers += 1;
                if let (Use::Fresh | Use::Due, Some(entry)) = self.usable(key, &rules[0]) {
                    return self.fresh(&entry);
                }
            }
            Act::Load { key, rules: which, takes, fails, tag } => {
                self.answers += 1;
                return self.load(key, &rules[which], takes, fails, tag, value);
            }
            Act::Set { key, rules: which, tag } => {
                self.removed.push((Mark::Key(key), step));
                self.entries[key] = Some(made(&(), now, value, tag, step, &rules[which]));
            }
            Act::Remove(key) => {
                self.removed.push((Mark::Key(key), step));
                self.entries[key] = None;
            }
            Act::Expire(key) => {
                // What is being loaded is not kept either.
                self.removed.push((Mark::Key(key), step));
                if let Some(entry) = &mut self.entries[key] {
                    entry.fresh_until = entry.fresh_until.min(now);
                }
            }
            Act::RemoveTag(tag) => self.removed.push((Mark::Tag(tag), step)),
            Act::ExpireTag(tag) => self.expired.push((Mark::Tag(tag), step, now)),
            Act::Clear => self.removed.push((Mark::All, step)),
            Act::ExpireAll => self.expired.push((Mark::All, step, now)),
        }
        Said::Nothing
    }
}

fn made<T>(_: &T, now: u64, value: u32, tag: Option<usize>, began: usize, rules: &Rules) -> Entry {
    let window = rules.revalidate.max(rules.fail_safe.map_or(0, |(most, _)| most));
    Entry {
        value,
        tag,
        began,
        created: now,
        fresh_until: now + rules.ttl,
        due_at: if rules.eager { now + rules.ttl / 2 } else { u64::MAX },
        keep_until: now + rules.ttl + window,
        retry_at: 0,
    }
}

/// The cache itself, and what its loaders were asked for.
struct Real {
    cache: Numbers,
    keys: Vec<String>,
    begun: Arc<Mutex<Vec<u32>>>,
    options: [Options; 2],
    started: Instant,
}

impl Real {
    async fn act(&self, act: Act, value: u32) -> Said {
        let cache = &self.cache;
        match act {
            Act::Advance(time) => tokio::time::sleep(millis(time)).await,
            Act::Get(key) => match cache.get(&self.keys[key]).await {
                Some(found) => return said(Ok::<_, LoadError<Broken>>(found)),
                None => return Said::Nothing,
            },
            Act::Load { key, rules, takes, fails, tag } => {
                let begun = Arc::clone(&self.begun);
                let loader = move |_| async move {
                    begun.lock().unwrap().push(value);
                    if takes > 0 {
                        tokio::time::sleep(millis(takes)).await;
                    }
                    if fails { Err(Broken) } else { Ok(item(value, tag)) }
                };
                return said(
                    cache.get_or_load_with(&self.keys[key], &self.options[rules], loader).await,
                );
            }
            Act::Set { key, rules, tag } => {
                cache.set_with(&self.keys[key], &self.options[rules], item(value, tag)).await;
            }
            Act::Remove(key) => drop(cache.remove(&self.keys[key]).await),
            Act::Expire(key) => drop(cache.expire(&self.keys[key]).await),
            Act::RemoveTag(tag) => drop(cache.remove_tag(TAGS[tag]).await),
            Act::ExpireTag(tag) => drop(cache.expire_tag(TAGS[tag]).await),
            Act::Clear => drop(cache.clear().await),
            Act::ExpireAll => drop(cache.expire_all().await),
        }
        Said::Nothing
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap()
    }
}

fn item(value: u32, tag: Option<usize>) -> Item<u32> {
    tag.into_iter().fold(Item::new(value), |item, tag| item.with_tag(TAGS[tag]))
}

fn said(answer: Result<bartizan_cache::Cached<u32>, LoadError<Broken>>) -> Said {
    match answer {
        Ok(cached) => {
            let (value, age) = (*cached, u64::try_from(cached.age().as_millis()).unwrap());
            match cached.freshness() {
                Freshness::Stale(reason) => Said::Stale { value, age, reason },
                _ => Said::Fresh { value, age, loaded: cached.source() == Source::Loaded },
            }
        }
        Err(LoadError::TimedOut) => Said::TimedOut,
        Err(LoadError::Abandoned) => Said::Abandoned,
        Err(_) => Said::Failed,
    }
}

/// Keys of which none shares a stripe with another: an invalidation of one would keep loads of the
/// other from being kept, which is allowed and would blur what is compared.
async fn apart(cache: &Numbers) -> Vec<String> {
    let options = minute();
    let mut keys: Vec<String> = Vec::new();
    for number in 0.. {
        let key = format!("key{number}");
        let mut alone = true;
        for there in &keys {
            let invalidating = async {
                settle().await;
                cache.remove(there).await;
            };
            let load = cache.get_or_load_with(&key, &options, async |_| {
                tokio::time::sleep(millis(100)).await;
                Ok::<_, Broken>(0)
            });
            tokio::join!(load, invalidating).0.unwrap();
            alone &= cache.peek(&key).is_some();
            cache.remove(&key).await;
        }
        if alone {
            keys.push(key);
        }
        if keys.len() == KEYS {
            break;
        }
    }
    keys
}

async fn compare(rules: [Rules; 2], acts: Vec<Act>) {
    let cache = numbers(rules[0].options());
    let keys = apart(&cache).await;
    let before = cache.stats();
    let options = rules.each_ref().map(Rules::options);
    let begun = Arc::new(Mutex::new(Vec::new()));
    let real = Real { cache, keys, begun, options, started: Instant::now() };
    let mut model = Model::default();
    for (number, act) in acts.into_iter().enumerate() {
        let value = u32::try_from(number).unwrap();
        let expected = model.act(act, &rules, value);
        let given = real.act(act, value).await;
        let what = format!("{number}: {act:?} at {}", model.now);
        assert_eq!(given, expected, "{what}");
        assert_eq!(real.elapsed(), model.now, "{what}");
        settle().await;
        // Loads that take no time have ended by now.
        model.until(model.now);
        if let Act::ExpireTag(_) | Act::ExpireAll = act {
            // Of two expiries in a row that nobody looks between, the later one counts.
            for key in 0..KEYS {
                model.answers += 1;
                real.cache.get(&real.keys[key]).await;
            }
        }
        let rest = model.now.next_multiple_of(100);
        tokio::time::sleep(millis(rest - model.now)).await;
        settle().await;
        model.until(rest);
        assert_eq!(*real.begun.lock().unwrap(), model.begun, "loaders after {what}");
        let flights = model.flights.iter().map(Vec::len).sum::<usize>() as u64;
        // One that was replaced goes on, and is no longer in the table.
        assert!(real.cache.stats().in_flight <= flights, "{what}");
    }
    tokio::time::sleep(millis(10_000)).await;
    settle().await;
    model.until(model.now + 10_000);
    let stats = real.cache.stats();
    assert_eq!(stats.in_flight, 0);
    assert_eq!(stats.requests() - before.requests(), model.answers, "each call is counted once");
    assert_eq!(stats.loads - before.loads, model.loads);
    assert_eq!(stats.load_failures - before.load_failures, model.failures);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_answer_is_the_one_that_the_rules_give(
        rules in [rules(), rules()],
        acts in vec(act(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(compare(rules, acts));
    }
}
