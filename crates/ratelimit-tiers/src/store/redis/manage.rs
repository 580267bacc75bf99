use std::time::Instant;

use smallvec::SmallVec;

use super::store::{RedisStore, Shared};
use super::wire::{self, What};
use crate::store::{Ask, Block, ClassId, Manage, Override, Penalty, Verdict};
use crate::time::Timestamp;
use crate::{StoreError, StoreErrorKind, Subject};

/// What this process holds at hand of a subject goes when something is corrected through it; other
/// processes refuse for as long as their [`DenyCache`](super::DenyCache) does, and admit for as long
/// as their [`Leases`](super::Leases) live.
impl Manage for RedisStore {
    async fn peek(&self, ask: &Ask<'_>) -> Result<Verdict, StoreError> {
        let mut verdict =
            Verdict { admitted: true, now: Timestamp::default(), outcomes: SmallVec::new() };
        for part in ask.parts() {
            let said = self.shared.ask(part.subject, part.limits, What::Look, 1).await?;
            verdict.admitted &= said.admitted;
            verdict.now = verdict.now.max(said.now);
            verdict.outcomes.extend(said.outcomes);
        }
        Ok(verdict)
    }

    async fn refund(&self, ask: &Ask<'_>, taken: Timestamp) -> Result<(), StoreError> {
        let mut refunded = Ok(());
        for part in ask.parts() {
            let _changed = Changed {
                shared: &self.shared,
                subject: part.subject,
                denials: true,
                leases: false,
            };
            let refund = wire::refund(part.limits.iter().copied(), taken);
            let done = self.shared.manage(part.subject, refund).await;
            refunded = refunded.and(done.map(drop));
        }
        refunded
    }

    async fn reset(&self, subject: Subject, class: Option<ClassId>) -> Result<(), StoreError> {
        self.correct(subject, wire::reset(class)).await.map(drop)
    }

    async fn block_until(
        &self,
        subject: Subject,
        class: Option<ClassId>,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.correct(subject, wire::block(class, until)).await.map(drop)
    }

    async fn penalty(
        &self,
        subject: Subject,
        class: ClassId,
        penalty: &Penalty,
    ) -> Result<Block, StoreError> {
        // Who keeps knocking costs Redis nothing: a block that stands stays as it is.
        let denials = self.shared.denials.as_ref();
        if let Some(block) = denials.and_then(|denials| denials.block(subject, class)) {
            return Ok(block);
        }
        let sent = Instant::now();
        let changes = denials.map(|denials| denials.changes_of_blocks(subject));
        // A block makes no wait shorter, so what was refused stays refused.
        let _changed = Changed { shared: &self.shared, subject, denials: false, leases: true };
        let block = self.shared.manage(subject, wire::penalty(class, penalty)).await?.block;
        let block = block.ok_or(StoreError::new(StoreErrorKind::Protocol))?;
        if let (Some(denials), Some(changes)) = (denials, changes) {
            let lasts = penalty.block(block.strikes);
            denials.remember_block(
                subject,
                class,
                block,
                sent + lasts.min(denials.longest()),
                changes,
            );
        }
        Ok(block)
    }

    async fn set_override(
        &self,
        subject: Subject,
        class: ClassId,
        quota: Option<Override>,
    ) -> Result<(), StoreError> {
        self.correct(subject, wire::own(class, quota.as_ref())).await.map(drop)
    }
}

impl RedisStore {
    async fn correct(&self, subject: Subject, what: Vec<u8>) -> Result<Option<Block>, StoreError> {
        let _changed = Changed { shared: &self.shared, subject, denials: true, leases: true };
        Ok(self.shared.manage(subject, what).await?.block)
    }
}

/// Forgets at its end what is at hand of a subject, whether the correction was seen to succeed or
/// not.
struct Changed<'a> {
    shared: &'a Shared,
    subject: Subject,
    denials: bool,
    leases: bool,
}

impl Drop for Changed<'_> {
    fn drop(&mut self) {
        if let Some(denials) = self.shared.denials.as_ref().filter(|_| self.denials) {
            denials.forget(self.subject);
        }
        if let Some(leased) = self.shared.leased.as_ref().filter(|_| self.leases) {
            leased.forget(self.subject);
        }
    }
}
