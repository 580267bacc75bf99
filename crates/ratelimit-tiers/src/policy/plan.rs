use std::num::NonZeroU32;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::{check_name, limits::Limits};
use crate::error::ConfigError;
use crate::refusal::Template;
use crate::wire::{self, PreparedHeaders};
use crate::{Limit, Mode, Quota, Tier, TierName, Tiers};

/// The limits of a layer, checked; the tiers of them can be replaced.
pub(crate) struct Policies {
    pub(crate) limits: Limits,
    plan: ArcSwap<Plan>,
}

/// What follows from tiers and classes, prepared.
#[derive(Debug)]
pub(crate) struct Plan {
    tiers: Vec<PlannedTier>,
    default: usize,
    /// For each class, in their order: whether its subjects are others in each tier.
    apart: Vec<bool>,
}

/// One tier: for each class, in their order, what it may do.
#[derive(Debug)]
pub(crate) struct PlannedTier {
    pub(crate) name: TierName,
    pub(crate) limits: Vec<Option<Planned>>,
    pub(crate) most_at_once: Vec<Option<NonZeroU32>>,
}

/// One limit of a tier.
#[derive(Debug)]
pub(crate) struct Planned {
    /// Its cost is the class's fixed one.
    pub(crate) limit: Limit,
    /// The quota while the store is unavailable.
    pub(crate) fallback: Limit,
    pub(crate) headers: Arc<PreparedHeaders>,
    pub(crate) refusal: Template,
}

impl Policies {
    pub(crate) fn new(limits: Limits) -> Result<Self, ConfigError> {
        if limits.classes.is_empty() {
            return Err(ConfigError::number("classes", 0, "at least one class"));
        }
        for (index, class) in limits.classes.iter().enumerate() {
            check_name("class", &class.name)?;
            for other in limits.classes.iter().take(index) {
                if other.name == class.name {
                    return Err(ConfigError::new("class", &*class.name, "each name once"));
                }
                if other.id == class.id {
                    let expected = "a name whose hash no other class has: choose another";
                    return Err(ConfigError::new("class", &*class.name, expected));
                }
            }
            if class.needs_route() && limits.route_of.is_none() {
                let expected = "`with_route_of`, since this class names routes";
                return Err(ConfigError::new("class", &*class.name, expected));
            }
        }
        let plan = ArcSwap::from_pointee(Plan::new(&limits, &limits.tiers)?);
        Ok(Self { limits, plan })
    }

    pub(crate) fn replace(&self, tiers: &Tiers) -> Result<(), ConfigError> {
        self.plan.store(Arc::new(Plan::new(&self.limits, tiers)?));
        Ok(())
    }

    #[inline]
    pub(crate) fn plan(&self) -> Guard<Arc<Plan>> {
        self.plan.load()
    }
}

impl Plan {
    fn new(limits: &Limits, tiers: &Tiers) -> Result<Self, ConfigError> {
        for tier in tiers.tiers() {
            let classes = tier.quotas.iter().map(|(class, _)| class);
            for class in classes.chain(tier.concurrency.iter().map(|(class, _)| class)) {
                if !limits.classes.iter().any(|known| known.name == class.as_str()) {
                    let expected = "the name of one of the classes";
                    return Err(ConfigError::new("class of a quota", class, expected));
                }
            }
        }
        let planned = tiers.tiers().iter().map(|tier| PlannedTier::new(limits, tiers, tier));
        // A subject that callers of two tiers share would be asked under two quotas by turns, and
        // what the slower one counts would leak at the faster one's rate.
        let apart = limits.classes.iter().map(|class| {
            let mut quotas = tiers.tiers().iter().filter_map(|tier| tier.quota(&class.name));
            let first = quotas.next();
            class.is_keyed_apart() && quotas.any(|quota| Some(quota) != first)
        });
        let default = tiers.default_index();
        Ok(Self { tiers: planned.collect::<Result<_, _>>()?, default, apart: apart.collect() })
    }

    /// The place of the tier of that name, else of the default one.
    #[inline]
    pub(crate) fn place(&self, name: Option<&TierName>) -> usize {
        let named = name.and_then(|name| self.tiers.iter().position(|tier| tier.name == *name));
        named.unwrap_or(self.default)
    }

    /// Tells whether the subjects of a class are others in each tier.
    #[inline]
    pub(crate) fn is_apart(&self, class: usize) -> bool {
        self.apart.get(class).is_some_and(|apart| *apart)
    }

    #[inline]
    pub(crate) fn tier(&self, place: usize) -> Option<&PlannedTier> {
        self.tiers.get(place)
    }
}

impl Planned {
    /// Tells whether what was applied is the tier's quota, and not one of the subject's own.
    #[inline]
    pub(crate) fn applied(&self, quota: &Quota) -> bool {
        *quota == self.limit.quota || *quota == self.fallback.quota
    }
}

impl PlannedTier {
    fn new(limits: &Limits, tiers: &Tiers, tier: &Tier) -> Result<Self, ConfigError> {
        let planned = limits.classes.iter().map(|class| {
            let Some(quota) = tier.quota(&class.name) else { return Ok(None) };
            let cost = class.fixed_cost().unwrap_or(1);
            if cost > quota.burst() {
                let expected = "at most the burst of each tier";
                return Err(ConfigError::number("cost", cost.into(), expected));
            }
            let mode = if limits.all_in_shadow { Mode::Shadow } else { class.mode };
            let limit = Limit::new(class.id, quota)
                .with_cost(cost)
                .with_mode(mode)
                .with_change(class.change);
            let parts = if tier.share_in_fallback { limits.instances } else { NonZeroU32::MIN };
            let fallback = Limit { quota: quota.divided(parts), ..limit };
            let shown = wire::QuotaPolicy::new(&class.name, quota.limit(), quota.period())?;
            let headers =
                PreparedHeaders::new(limits.forms, &shown).with_tier(tier.name.as_str())?;
            let refusal = Template::new(tiers, tier, &class.name, &headers);
            Ok(Some(Planned { limit, fallback, headers: Arc::new(headers), refusal }))
        });
        let most = limits.classes.iter().map(|class| tier.most_at_once(&class.name));
        Ok(Self {
            name: tier.name.clone(),
            limits: planned.collect::<Result<_, _>>()?,
            most_at_once: most.collect(),
        })
    }
}
