use super::standing::Standing;
use crate::Quota;
use crate::algorithm::{Found, State};
use crate::store::verdict::Outcomes;
use crate::store::{Block, ClassId, Limit, Mode, Outcome, Override, Penalty};
use crate::time::{Timestamp, saturating_nanos};

/// A subject with any limits, and with what was set by hand.
#[derive(Debug)]
pub(super) struct Large {
    pub(super) key: u64,
    slots: Vec<Slot>,
    by_hand: Option<Box<ByHand>>,
}

/// What is consumed in one class.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) class: ClassId,
    pub(super) quota: Quota,
    pub(super) state: State,
}

#[derive(Debug, Default)]
struct ByHand {
    blocks: Vec<Blocked>,
    overrides: Vec<(ClassId, Override)>,
}

/// A block of one class or of all, and the penalties that led to it.
#[derive(Debug)]
struct Blocked {
    class: Option<ClassId>,
    until: u64,
    strikes: u32,
    forgotten_at: u64,
}

impl Large {
    /// What an entry with few slots owns beside itself.
    pub(super) const FIRST_HEAP: usize = 4 * size_of::<Slot>();

    pub(super) const fn new(key: u64, slots: Vec<Slot>) -> Self {
        Self { key, slots, by_hand: None }
    }

    /// Decides about limits, and consumes when each admits and `taking`.
    pub(super) fn decide(
        &mut self,
        limits: &[Limit],
        now: u64,
        taking: bool,
        outcomes: &mut Outcomes,
    ) -> bool {
        let given = outcomes.len();
        let mut admitted = true;
        for limit in limits {
            let limit = self.own(limit, now);
            let mut found = self.check(&limit, now);
            let blocked = self.blocked(limit.class, now);
            if blocked > 0 && found.retry_after == 0 {
                // Nothing will be taken.
                found = self.check(&limit.with_cost(0), now);
            }
            found.retry_after = found.retry_after.max(blocked);
            admitted &= found.retry_after == 0 || limit.mode == Mode::Shadow;
            outcomes.push(Outcome { quota: limit.quota, found });
        }
        if admitted && taking {
            for (limit, outcome) in limits.iter().zip(outcomes.iter().skip(given)) {
                // A shadow limit that would have refused consumes nothing, and what consumes
                // nothing leaves the old quota.
                if outcome.is_admitted() && limit.cost > 0 {
                    let limit = Limit { quota: outcome.quota, ..*limit };
                    self.slot(&limit, now).state.take(now, &limit.quota, limit.cost);
                }
            }
        }
        admitted
    }

    /// The limit with the subject's own quota, if it has one.
    fn own(&self, limit: &Limit, now: u64) -> Limit {
        let by_hand = self.by_hand.iter().flat_map(|by_hand| &by_hand.overrides);
        let quota = by_hand
            .filter(|(class, own)| *class == limit.class && is_on(own, now))
            .map(|(_, own)| own.quota)
            .next();
        Limit { quota: quota.unwrap_or(limit.quota), ..*limit }
    }

    /// What a limit finds: who looks, or is refused, changes nothing.
    fn check(&self, limit: &Limit, now: u64) -> Found {
        let Limit { quota, cost, change, .. } = limit;
        match self.slots.iter().find(|slot| slot.class == limit.class) {
            Some(slot) if slot.quota == *quota => slot.state.check(now, quota, *cost),
            Some(slot) => slot.state.decide_changed(now, &slot.quota, quota, *change, *cost).0,
            None => State::fresh(quota).check(now, quota, *cost),
        }
    }

    /// The slot of a limit's class, its state brought under the limit's quota.
    fn slot(&mut self, limit: &Limit, now: u64) -> &mut Slot {
        let known = self.slots.iter().position(|slot| slot.class == limit.class);
        let index = known.unwrap_or_else(|| {
            let state = State::fresh(&limit.quota);
            self.slots.push(Slot { class: limit.class, quota: limit.quota, state });
            self.slots.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "found, or pushed")]
        let slot = &mut self.slots[index];
        if slot.quota != limit.quota {
            let state = std::mem::replace(&mut slot.state, State::fresh(&limit.quota));
            slot.state = state.carried(now, &slot.quota, &limit.quota, limit.change);
            slot.quota = limit.quota;
        }
        slot
    }

    /// Nanoseconds that a class is still blocked for.
    fn blocked(&self, class: ClassId, now: u64) -> u64 {
        let blocks = self.by_hand.iter().flat_map(|by_hand| &by_hand.blocks);
        let waits = blocks
            .filter(|block| block.class.is_none_or(|blocked| blocked == class))
            .map(|block| block.until.saturating_sub(now));
        waits.max().unwrap_or(0)
    }

    /// Gives back what limits consumed at `taken`.
    pub(super) fn give_back(&mut self, limits: &[Limit], now: u64, taken: u64) {
        for slot in &mut self.slots {
            if let Some(limit) =
                limits.iter().find(|limit| limit.taken_from(slot.class, &slot.quota))
            {
                slot.state.give_back(now, &slot.quota, limit.cost, taken);
            }
        }
    }

    /// Forgets consumption, blocks and penalties of one class, or of all.
    pub(super) fn reset(&mut self, class: Option<ClassId>) {
        self.slots.retain(|slot| class.is_some_and(|class| class != slot.class));
        if let Some(by_hand) = &mut self.by_hand {
            by_hand.blocks.retain(|block| class.is_some() && class != block.class);
        }
    }

    /// Moves what is consumed from one time to an earlier one.
    pub(super) fn rewind(&mut self, from: u64, to: u64) {
        for slot in &mut self.slots {
            slot.state.rewind(from, to, &slot.quota);
        }
    }

    pub(super) fn block(&mut self, class: Option<ClassId>, until: u64) {
        self.blocking(class).until = until;
    }

    pub(super) fn penalise(&mut self, class: ClassId, penalty: &Penalty, now: u64) -> Block {
        let block = self.blocking(Some(class));
        if block.until > now {
            return Block { until: Timestamp::from_nanos(block.until), strikes: block.strikes };
        }
        let strikes = if block.forgotten_at > now { block.strikes.saturating_add(1) } else { 1 };
        let until = now.saturating_add(saturating_nanos(penalty.block(strikes)));
        block.strikes = strikes;
        block.until = block.until.max(until);
        block.forgotten_at = block.until.saturating_add(saturating_nanos(penalty.memory));
        Block { until: Timestamp::from_nanos(block.until), strikes }
    }

    /// The block of a class, or of all.
    fn blocking(&mut self, class: Option<ClassId>) -> &mut Blocked {
        let blocks = &mut self.by_hand.get_or_insert_default().blocks;
        let known = blocks.iter().position(|block| block.class == class);
        let index = known.unwrap_or_else(|| {
            blocks.push(Blocked { class, until: 0, strikes: 0, forgotten_at: 0 });
            blocks.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "found, or pushed")]
        &mut blocks[index]
    }

    pub(super) fn set_override(&mut self, class: ClassId, own: Option<Override>) {
        let overrides = &mut self.by_hand.get_or_insert_default().overrides;
        overrides.retain(|(known, _)| *known != class);
        overrides.extend(own.map(|own| (class, own)));
    }

    pub(super) fn standing(&self, now: u64) -> Standing {
        if self.by_hand.as_ref().is_some_and(|by_hand| by_hand.is_on(now)) {
            return Standing::Kept;
        }
        Standing::of(self.slots.iter().map(|slot| {
            let idle = slot.state.idle_at(now, &slot.quota) <= now;
            (idle, &slot.quota, slot.state.check(now, &slot.quota, 1))
        }))
    }

    /// Bytes beside the value itself.
    pub(super) fn heap_bytes(&self) -> usize {
        let slots = self.slots.capacity() * size_of::<Slot>();
        let states: usize = self.slots.iter().map(|slot| slot.state.heap_bytes()).sum();
        let by_hand = self.by_hand.as_ref().map_or(0, |by_hand| {
            size_of::<ByHand>()
                + by_hand.blocks.capacity() * size_of::<Blocked>()
                + by_hand.overrides.capacity() * size_of::<(ClassId, Override)>()
        });
        slots + states + by_hand
    }
}

impl ByHand {
    fn is_on(&self, now: u64) -> bool {
        let blocked = |block: &Blocked| block.until > now || block.forgotten_at > now;
        self.blocks.iter().any(blocked) || self.overrides.iter().any(|(_, own)| is_on(own, now))
    }
}

fn is_on(own: &Override, now: u64) -> bool {
    own.until.is_none_or(|until| until.as_nanos() > now)
}
