//! From a request to its limits, and from a verdict to what becomes of the request.

mod asked;
mod refund;
mod settled;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use asked::{Asked, Permits};
pub(crate) use settled::{After, Looked, Place, Refunding, Refused, Settled, Shown, Told};

use crate::error::ConfigError;
use crate::gates::Gates;
use crate::policy::{Plan, PlannedTier, Policies};
use crate::store::{DynManage, Penalties};
use crate::waiting::{OF_ONE, Waiting, WaitingRoom};
use crate::wire::{PreparedHeaders, QuotaPolicy};
use crate::{
    Answer, Caller, Class, Decided, Decision, Delay, Delayed, FellBack, Head, Limit, Limits, Mode,
    Observer, Outage, Outcome, Quota, StoreError, StoreErrorKind, Treatment, Verdict,
};

/// What all services of a layer share, whatever their store.
pub(crate) struct Core {
    pub(crate) policies: Policies,
    gates: Gates,
    /// One for each class.
    waiting: Vec<WaitingRoom>,
    pub(crate) manager: Option<Arc<dyn DynManage>>,
}

impl Core {
    pub(crate) fn new(
        limits: Limits,
        manager: Option<Arc<dyn DynManage>>,
    ) -> Result<Self, ConfigError> {
        let waiting = limits.classes.iter().map(|_| WaitingRoom::new()).collect();
        Ok(Self { policies: Policies::new(limits)?, gates: Gates::new(), waiting, manager })
    }

    /// Who gives back and blocks: the store that has counted.
    pub(crate) fn manager(&self, is_local: bool) -> Option<Arc<dyn DynManage>> {
        let manager = self.manager.as_ref()?;
        if is_local {
            return Some(Arc::new(self.policies.limits.fallback.clone()));
        }
        Some(Arc::clone(manager))
    }

    /// Tells whether a request is not even looked at.
    #[inline]
    pub(crate) fn skips(&self, head: &Head<'_>) -> bool {
        self.policies.limits.skip.as_ref().is_some_and(|skip| skip(head))
    }

    /// Finds the limits of a request.
    #[inline]
    pub(crate) fn look<O: Observer>(
        &self,
        plan: &Arc<Plan>,
        head: &Head<'_>,
        caller: Option<&Caller>,
        observer: &O,
        asked: &mut Asked,
    ) -> Looked {
        let by_address;
        let caller = if let Some(caller) = caller {
            caller
        } else {
            by_address = Caller::new(head.client_subject());
            &by_address
        };
        let limits = &self.policies.limits;
        match limits.treatment.as_ref().map(|treatment| treatment(head, caller)) {
            None | Some(Treatment::Limit) => {}
            Some(Treatment::Allow) => return Looked::Unlimited,
            Some(Treatment::Deny) if limits.all_in_shadow => {}
            Some(Treatment::Deny) => return Looked::Refused(Refused::Denied),
        }
        asked.tier = plan.place(caller.tier());
        let Some(tier) = plan.tier(asked.tier) else { return Looked::Unlimited };
        let route = limits.route_of.and_then(|route_of| route_of(head.extensions()));
        let quotas = tier.limits.iter().zip(&tier.most_at_once);
        for (index, (class, (limit, most))) in limits.classes.iter().zip(quotas).enumerate() {
            if (limit.is_none() && most.is_none()) || !class.covers(head, route) {
                continue;
            }
            let Some(mut subject) = class.subject(head, caller) else { continue };
            if plan.is_apart(index) {
                subject = head.hasher().within(subject, "tier", tier.name.as_str().as_bytes());
            }
            if let Some(most) = most {
                let is_shadow = class.mode == Mode::Shadow || limits.all_in_shadow;
                if let Some(permit) = self.gates.enter(subject, class.id, *most) {
                    asked.permits.add(permit);
                } else {
                    let decision = if is_shadow { Decision::Shadow } else { Decision::Crowded };
                    observer.decided(&decided(class, tier, decision));
                    if !is_shadow {
                        let place = Place::new(plan, asked.tier, index);
                        return Looked::Refused(Refused::Crowded(place));
                    }
                }
            }
            if let Some(planned) = limit {
                match class.fixed_cost() {
                    Some(_) => asked.push(index, subject, &planned.limit),
                    None => asked.push(index, subject, &planned.limit.with_cost(class.cost(head))),
                }
            }
        }
        if asked.limits.is_empty() { Looked::Unlimited } else { Looked::Ask }
    }

    /// Decides by a verdict what becomes of a request.
    #[inline]
    pub(crate) fn judge<O: Observer>(
        &self,
        plan: &Arc<Plan>,
        asked: &mut Asked,
        verdict: &Verdict,
        observer: &O,
    ) -> Settled {
        if let Some(tier) = plan.tier(asked.tier) {
            for (class, limit, outcome) in self.outcomes(asked, verdict) {
                let decision = match (outcome.is_admitted(), limit.mode) {
                    (true, _) if outcome.share_left() < NEAR => Decision::NearLimit,
                    (true, _) => Decision::Allowed,
                    (false, Mode::Enforce) => Decision::Denied,
                    (false, Mode::Shadow) => Decision::Shadow,
                };
                observer.decided(&decided(class, tier, decision));
            }
        }
        if verdict.admitted {
            self.pass(plan, asked, verdict, observer)
        } else {
            self.refuse(plan, asked, verdict)
        }
    }

    #[inline]
    fn pass<O: Observer>(
        &self,
        plan: &Arc<Plan>,
        asked: &mut Asked,
        verdict: &Verdict,
        observer: &O,
    ) -> Settled {
        let mut wait: Option<(Duration, usize, Delay, Outcome)> = None;
        let mut refund = None;
        for (index, (class, limit, outcome)) in self.outcomes(asked, verdict).enumerate() {
            if !outcome.is_admitted() {
                continue;
            }
            if let Some(delay) = class.delay.filter(|_| limit.mode == Mode::Enforce) {
                let asked_wait = delay.of(outcome.quota.burst(), outcome.remaining());
                if !asked_wait.is_zero() && wait.is_none_or(|(longest, ..)| asked_wait > longest) {
                    wait = Some((asked_wait, index, delay, *outcome));
                }
            }
            if class.refund.is_some() {
                let refund: &mut Box<Refunding> = refund.get_or_insert_with(|| {
                    Box::new(Refunding { limits: Vec::new(), taken: verdict.now, is_local: false })
                });
                if let Some((subject, limit)) = asked.subjects().nth(index) {
                    refund.limits.push((asked.class(index), subject, limit));
                }
            }
        }
        let silent = self.policies.limits.forms.is_none();
        let told = if silent { None } else { self.told(plan, asked, verdict) };
        let permits = std::mem::take(&mut asked.permits);
        let Some((wait, at, delay, outcome)) = wait else {
            return Settled::Pass(After { told, refund, permits });
        };
        let class = asked.class(at);
        let named = self.policies.limits.classes.get(class).zip(plan.tier(asked.tier));
        let Some(waiting) = self.wait(asked, at, &delay) else {
            if let Some((class, tier)) = named {
                observer.decided(&decided(class, tier, Decision::Crowded));
            }
            let place = Place::new(plan, asked.tier, class);
            let shown = Shown { place, outcome, is_blocked: false, now: verdict.now };
            // By then a seat is free, if not a unit.
            return Settled::Refuse(Refused::Limited(shown, delay.longest));
        };
        if let Some((class, tier)) = named {
            let event = Delayed { class: &class.name, tier: tier.name.as_str(), wait };
            observer.delayed(&event);
        }
        Settled::Delay(wait, waiting, After { told, refund, permits })
    }

    fn refuse(&self, plan: &Arc<Plan>, asked: &Asked, verdict: &Verdict) -> Settled {
        let refusing = asked
            .limits
            .iter()
            .zip(&verdict.outcomes)
            .enumerate()
            .filter(|(_, (limit, outcome))| outcome.refuses(limit))
            // Of equals the first, so that the order of the classes decides.
            .rev()
            .max_by_key(|(_, (_, outcome))| outcome.found.retry_after);
        let Some((index, (limit, outcome))) = refusing else {
            // A store that refuses without a limit that does is no store.
            let error = StoreError::new(StoreErrorKind::Protocol);
            return Settled::Refuse(Refused::Unavailable(error));
        };
        // Any that refuses may block, also one that is not told of.
        let refusing = self.outcomes(asked, verdict).zip(asked.subjects());
        let penalties = refusing.filter_map(|((class, limit, outcome), (subject, _))| {
            let penalty = class.penalty.filter(|_| outcome.refuses(limit))?;
            Some((subject, class.id, penalty))
        });
        let penalties: Penalties = penalties.collect();
        let place = Place::new(plan, asked.tier, asked.class(index));
        let is_blocked = outcome.remaining() >= limit.cost.min(outcome.quota.burst());
        let shown = Shown { place, outcome: *outcome, is_blocked, now: verdict.now };
        if penalties.is_empty() {
            return Settled::Refuse(Refused::Limited(shown, outcome.retry_after()));
        }
        Settled::Penalise { shown, penalties, is_local: false }
    }

    /// Takes a seat for the limit at this place.
    fn wait(&self, asked: &Asked, at: usize, delay: &Delay) -> Option<Waiting> {
        let (subject, limit) = asked.subjects().nth(at)?;
        let of_one = u32::try_from(delay.waiters.get() / OF_ONE).unwrap_or(u32::MAX);
        let of_one = NonZeroU32::new(of_one).unwrap_or(NonZeroU32::MIN);
        let permit = self.gates.enter(subject, limit.class.delayed(), of_one)?;
        let seat = self.waiting.get(asked.class(at))?.sit(delay.waiters)?;
        Some(Waiting { seat, permit })
    }

    /// The store cannot decide: each class does as it was told.
    #[cold]
    pub(crate) fn without_store<O: Observer>(
        &self,
        plan: &Arc<Plan>,
        asked: &mut Asked,
        error: StoreError,
        observer: &O,
    ) -> Settled {
        let permits = std::mem::take(&mut asked.permits);
        let mut local = Asked { tier: asked.tier, permits, ..Asked::default() };
        let mut closed = false;
        for (index, (subject, limit)) in asked.subjects().enumerate() {
            let at = asked.class(index);
            let Some(class) = self.policies.limits.classes.get(at) else { continue };
            let event = FellBack { class: &class.name, outage: class.outage, kind: error.kind() };
            observer.fell_back(&event);
            match class.outage {
                Outage::FailOpen => {}
                Outage::FailClosed => closed |= limit.mode == Mode::Enforce,
                Outage::LocalFallback => {
                    let tier = plan.tier(asked.tier);
                    let planned = tier.and_then(|tier| tier.limits.get(at)?.as_ref());
                    let quota = planned.map_or(limit.quota, |planned| planned.fallback.quota);
                    local.push(at, subject, &Limit { quota, ..limit });
                }
            }
        }
        if closed {
            return Settled::Refuse(Refused::Unavailable(error));
        }
        if local.limits.is_empty() {
            return Settled::Pass(After { permits: local.permits, ..After::default() });
        }
        match local.ask(&self.policies.limits.fallback) {
            Answer::Now(Ok(verdict)) => {
                self.judge(plan, &mut local, &verdict, observer).within_process()
            }
            // The store within the process answers at once and never fails.
            Answer::Now(Err(error)) => Settled::Refuse(Refused::Unavailable(error)),
            Answer::Later(_) => Settled::Refuse(Refused::Unavailable(error)),
        }
    }

    /// The headers of the limit that has the least of its burst left. What refuses nobody is nothing
    /// to slow down for.
    fn told(&self, plan: &Plan, asked: &Asked, verdict: &Verdict) -> Option<Told> {
        let share = |outcome: &Outcome| outcome.share_left();
        let mut outcomes = asked
            .limits
            .iter()
            .zip(&verdict.outcomes)
            .enumerate()
            .filter(|(_, (limit, _))| limit.mode == Mode::Enforce)
            .map(|(index, (_, outcome))| (index, outcome));
        let mut least = outcomes.next().map(|(index, outcome)| (index, outcome, share(outcome)))?;
        for (index, outcome) in outcomes {
            let share = share(outcome);
            if share < least.2 {
                least = (index, outcome, share);
            }
        }
        let (index, outcome, _) = least;
        let class = asked.class(index);
        let tier = plan.tier(asked.tier)?;
        let planned = tier.limits.get(class)?.as_ref()?;
        let headers = if planned.applied(&outcome.quota) {
            Arc::clone(&planned.headers)
        } else {
            Arc::new(self.own_headers(tier, class, &outcome.quota)?)
        };
        let (remaining, reset_after) = (outcome.remaining(), outcome.found.reset_after);
        Some(Told { headers, remaining, reset_after, now: verdict.now })
    }

    /// The headers of a quota that is the subject's own.
    pub(crate) fn own_headers(
        &self,
        tier: &PlannedTier,
        class: usize,
        quota: &Quota,
    ) -> Option<PreparedHeaders> {
        let limits = &self.policies.limits;
        let class = limits.classes.get(class).map_or("", |class| &class.name);
        let own = QuotaPolicy::new(class, quota.limit(), quota.period()).ok()?;
        PreparedHeaders::new(limits.forms, &own).with_tier(tier.name.as_str()).ok()
    }

    #[inline]
    fn outcomes<'a>(
        &'a self,
        asked: &'a Asked,
        verdict: &'a Verdict,
    ) -> impl Iterator<Item = (&'a Class, &'a Limit, &'a Outcome)> {
        let classes = &self.policies.limits.classes;
        asked.classes.iter().zip(&asked.limits).zip(&verdict.outcomes).filter_map(
            move |((class, limit), outcome)| {
                Some((classes.get(usize::from(*class))?, limit, outcome))
            },
        )
    }
}

/// Below this share of the burst a limit is near.
const NEAR: f64 = 0.1;

fn decided<'a>(class: &'a Class, tier: &'a PlannedTier, decision: Decision) -> Decided<'a> {
    Decided { class: &class.name, tier: tier.name.as_str(), decision }
}
