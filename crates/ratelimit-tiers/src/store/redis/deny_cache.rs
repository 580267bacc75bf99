use std::time::{Duration, Instant};

use super::table::{Passing, Table};
use crate::Subject;
use crate::store::{Ask, Block, ClassId, Limit, Outcome, Verdict};
use crate::time::{Timestamp, saturating_nanos};

/// What was refused, so that the same request is refused again without asking Redis.
///
/// A request is refused at hand while it asks the same of the same subjects, and at least the cost
/// that was refused, until the wait is over that Redis named. The wait told counts down; what is
/// left of the limits is told as it was. Nothing is refused for longer than Redis would, but for
/// what other processes free (by reset, refund, a lifted block, another override): that is seen
/// after [`with_longest`](Self::with_longest).
#[derive(Clone, Copy, Debug)]
pub struct DenyCache {
    pub(super) entries: usize,
    pub(super) longest: Duration,
}

impl DenyCache {
    const ENTRIES: usize = 65_536;
    const LONGEST: Duration = Duration::from_secs(5);

    /// Remembers 65,536 subjects (of 128 bytes for each limit) for 5 s at most.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Self::ENTRIES, longest: Self::LONGEST }
    }

    /// Replaces how many subjects are remembered. Beyond them, Redis is asked.
    #[must_use]
    pub const fn with_entries(mut self, entries: usize) -> Self {
        self.entries = entries;
        self
    }

    /// Replaces how long Redis is not asked at most.
    #[must_use]
    pub const fn with_longest(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }
}

impl Default for DenyCache {
    fn default() -> Self {
        Self::new()
    }
}

/// The refusals that still hold, each under the subject whose limit refused.
#[derive(Debug)]
pub(super) struct Denials {
    table: Table<Denial>,
    blocks: Table<Standing>,
    longest: Duration,
}

#[derive(Debug)]
struct Denial {
    said: Box<[(Subject, Limit, Outcome)]>,
    /// Under whom it is remembered.
    subject: Subject,
    now: Timestamp,
    received: Instant,
    over_at: Instant,
}

/// A block of a penalty.
#[derive(Debug)]
struct Standing {
    class: ClassId,
    block: Block,
    over_at: Instant,
}

impl Passing for Standing {
    fn over_at(&self) -> Instant {
        self.over_at
    }
}

impl Passing for Denial {
    fn over_at(&self) -> Instant {
        self.over_at
    }
}

impl Denials {
    pub(super) fn new(cache: DenyCache) -> Self {
        let (table, blocks) = (Table::new(cache.entries), Table::new(cache.entries));
        Self { table, blocks, longest: cache.longest }
    }

    /// How long anything is remembered at most.
    pub(super) const fn longest(&self) -> Duration {
        self.longest
    }

    /// The block that a subject was given lately in a class.
    pub(super) fn block(&self, subject: Subject, class: ClassId) -> Option<Block> {
        let mut shard = self.blocks.shard(subject);
        let standing = shard.find(subject)?;
        (standing.class == class && Instant::now() < standing.over_at).then_some(standing.block)
    }

    /// What has to be known before blocking, to remember the block.
    pub(super) fn changes_of_blocks(&self, subject: Subject) -> u64 {
        self.blocks.changes(subject)
    }

    /// Remembers a block, until it may be over.
    pub(super) fn remember_block(
        &self,
        subject: Subject,
        class: ClassId,
        block: Block,
        over_at: Instant,
        changes: u64,
    ) {
        self.blocks.keep(subject, Standing { class, block, over_at }, changes, Instant::now());
    }

    /// Refuses what was refused lately.
    pub(super) fn refused(&self, ask: &Ask<'_>) -> Option<Verdict> {
        ask.parts().iter().find_map(|part| {
            let mut shard = self.table.shard(part.subject);
            let denial = shard.find(part.subject)?;
            let now = Instant::now();
            (now < denial.over_at && denial.covers(ask)).then(|| denial.verdict(now))
        })
    }

    /// What has to be known before asking, to remember the answer.
    pub(super) fn changes(&self, subject: Subject) -> u64 {
        self.table.changes(subject)
    }

    /// Remembers a refusal by one of the parts that were asked, with what all of them said.
    ///
    /// The wait began when Redis decided, so after `sent`.
    pub(super) fn remember(
        &self,
        subject: Subject,
        said: impl Iterator<Item = (Subject, Limit, Outcome)>,
        now: Timestamp,
        sent: Instant,
        changes: u64,
    ) {
        let said: Box<[_]> = said.collect();
        let waits = said.iter().filter(|said| said.0 == subject && said.2.refuses(&said.1));
        let Some(wait) = waits.map(|said| said.2.retry_after()).max() else { return };
        let over_at = sent + wait.min(self.longest);
        let received = Instant::now();
        let denial = Denial { said, subject, now, received, over_at };
        self.table.keep(subject, denial, changes, received);
    }

    pub(super) fn forget(&self, subject: Subject) {
        self.table.forget(subject);
        self.blocks.forget(subject);
    }
}

impl Denial {
    /// Whether everything was asked before that is asked now, of what refused no more than now.
    fn covers(&self, ask: &Ask<'_>) -> bool {
        let parts = ask.parts().iter();
        let mut asked =
            parts.flat_map(|part| part.limits.iter().map(|limit| (part.subject, limit)));
        let all = self.said.iter().all(|(subject, said, outcome)| {
            asked.next().is_some_and(|(asked_subject, asked)| {
                let refused = *subject == self.subject && outcome.refuses(said);
                let enough =
                    if refused { asked.cost >= said.cost } else { asked.cost == said.cost };
                asked_subject == *subject && enough && Limit { cost: said.cost, ..*asked } == *said
            })
        });
        all && asked.next().is_none()
    }

    /// The refusal as it is now. A limit whose own wait is over is told as one that admits.
    fn verdict(&self, now: Instant) -> Verdict {
        let elapsed = now.saturating_duration_since(self.received);
        let outcomes = self.said.iter().map(|(_, _, outcome)| later(outcome, elapsed));
        Verdict::new(false, self.now.saturating_add(elapsed), outcomes)
    }
}

/// The same outcome when time has gone on, and nothing else.
pub(super) fn later(outcome: &Outcome, elapsed: Duration) -> Outcome {
    let elapsed = saturating_nanos(elapsed);
    let mut outcome = *outcome;
    outcome.found.reset_after = outcome.found.reset_after.saturating_sub(elapsed);
    outcome.found.retry_after = outcome.found.retry_after.saturating_sub(elapsed);
    outcome
}
