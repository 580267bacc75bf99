use std::num::NonZeroU32;

use axum::http::Method;
use bartizan_ratelimit_tiers::{
    Caller, Class, ConfigError, Head, Limits, MakeKey, RateLimitLayer, ResolveTier, Store, Subject,
    Tiers, TracingObserver, by_extension,
};

use crate::domain::Tier;
use crate::identity::Identity;
use crate::routes::route_of;

/// The class whose quota the environment sets.
pub(super) const GLOBAL: &str = "global";

/// Holds callers to the quotas of their tiers.
///
/// The login has a limit of its own, which only its handler can ask: see
/// [`LoginGuard`](super::LoginGuard).
///
/// # Errors
///
/// When a tier has a quota of an unknown class.
pub fn layer<St: Store + Clone>(
    store: St,
    tiers: Tiers,
    instances: NonZeroU32,
) -> Result<RateLimitLayer<St, impl ResolveTier<Future: Send> + Clone, TracingObserver>, ConfigError>
{
    let limits = Limits::new(tiers)
        .with_route_of(route_of)
        .with_instances(instances)
        .with_class(Class::new("api"))
        .with_class(Class::new("analysis").with_method(Method::POST).with_route("/api/v1/analyze"))
        .with_class(
            Class::new("leads")
                .with_method(Method::GET)
                .with_method(Method::HEAD)
                .with_method(Method::POST)
                .with_route("/api/v1/leads")
                .keyed_by(AddressOfAnonymous),
        )
        .with_class(Class::new(GLOBAL).keyed_by(AddressOfAnonymous))
        .with_class(
            Class::new("strict")
                .with_method(Method::POST)
                .with_route("/api/v1/register")
                .per_client_ip(),
        );
    Ok(RateLimitLayer::new(store, limits)?
        .with_resolver(by_extension(account))
        .with_observer(TracingObserver::new()))
}

/// An account, whatever it sends; everybody else, those whose credential was refused too, is limited
/// by address in the default tier.
fn account(identity: &Identity, head: &Head<'_>) -> Option<Caller> {
    let Identity::Account(account) = identity else { return None };
    let subject = head.subject("account", account.id.as_str());
    Some(Caller::of_tier(subject, Tier::as_str(account.tier)))
}

/// The address of callers without an account; others are not limited by it.
struct AddressOfAnonymous;

impl MakeKey for AddressOfAnonymous {
    fn key(&self, head: &Head<'_>, _: &Caller) -> Option<Subject> {
        let is_account = matches!(head.extensions().get(), Some(Identity::Account(_)));
        (!is_account).then(|| head.client_subject())
    }
}
