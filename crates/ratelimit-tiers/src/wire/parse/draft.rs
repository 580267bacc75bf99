//! The revisions of draft-ietf-httpapi-ratelimit-headers.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

use super::structured::{Item, Key, Member, dictionary, list};
use super::{PolicyStatus, number};
use crate::wire::names::{LIMIT, RATELIMIT, RATELIMIT_POLICY, REMAINING, RESET};

/// Drafts 08 to 11: both fields are lists of names with parameters.
pub(super) fn named(headers: &HeaderMap) -> Option<Vec<PolicyStatus>> {
    let mut policies = Vec::new();
    for mut member in list(headers, &RATELIMIT_POLICY) {
        let (Item::String(name), Some(quota)) = (take(&mut member.item), member.quota.integer())
        else {
            continue;
        };
        policies.push(PolicyStatus {
            name: Some(name),
            quota: Some(quota),
            unit: member.unit.string(),
            window: window(&member.window),
            partition_key: member.partition_key.bytes(),
            ..PolicyStatus::default()
        });
    }
    for mut member in list(headers, &RATELIMIT) {
        let (Item::String(name), Some(remaining)) =
            (take(&mut member.item), member.remaining.integer())
        else {
            continue;
        };
        let reset_after = member.reset.integer().map(Duration::from_secs);
        let partition_key = member.partition_key.bytes();
        let known = policies.iter_mut().find(|policy| {
            let same_key = policy.partition_key.is_none()
                || partition_key.is_none()
                || policy.partition_key == partition_key;
            policy.name() == Some(&name) && policy.remaining.is_none() && same_key
        });
        if let Some(policy) = known {
            policy.remaining = Some(remaining);
            policy.reset_after = reset_after;
            policy.partition_key = policy.partition_key.take().or(partition_key);
        } else {
            let name = Some(name);
            let remaining = Some(remaining);
            let told = PolicyStatus { name, remaining, reset_after, ..PolicyStatus::default() };
            policies.push(PolicyStatus { partition_key, ..told });
        }
    }
    (!policies.is_empty()).then_some(policies)
}

/// Draft 07: `RateLimit` is a dictionary, and policies are their quotas with parameters.
pub(super) fn unnamed(headers: &HeaderMap) -> Option<Vec<PolicyStatus>> {
    let mut told = PolicyStatus::default();
    for member in dictionary(headers, &RATELIMIT) {
        let number = member.item.integer();
        match member.key {
            Some(Key::Limit) => told.quota = number,
            Some(Key::Remaining) => told.remaining = number,
            Some(Key::Reset) => told.reset_after = number.map(Duration::from_secs),
            Some(Key::Other) | None => {}
        }
    }
    // Without the limit the field is malformed.
    told.quota?;
    Some(merged(told, list(headers, &RATELIMIT_POLICY)))
}

/// Drafts 03 to 06: three fields, and the policies in a fourth or behind the limit.
pub(super) fn three_fields(headers: &HeaderMap, now: SystemTime) -> Option<Vec<PolicyStatus>> {
    let read = |name| headers.get(name).map(http::HeaderValue::as_bytes);
    let mut limits = list(headers, &LIMIT).into_iter();
    let told = PolicyStatus {
        quota: limits.next().and_then(|member| member.item.integer()),
        remaining: read(REMAINING).and_then(number::integer),
        // The drafts want a delay, but Unix times are in use.
        reset_after: read(RESET).and_then(|reset| number::reset(reset, now)),
        ..PolicyStatus::default()
    };
    let policies = merged(told, limits.chain(list(headers, &RATELIMIT_POLICY)));
    (!policies.is_empty()).then_some(policies)
}

/// The policies, of which the first with the quota that is told of is the one that is told of.
fn merged(told: PolicyStatus, members: impl IntoIterator<Item = Member>) -> Vec<PolicyStatus> {
    let mut policies: Vec<_> = members
        .into_iter()
        .filter_map(|member| {
            let quota = Some(member.item.integer()?);
            Some(PolicyStatus { quota, window: window(&member.window), ..PolicyStatus::default() })
        })
        .collect();
    match policies.iter_mut().find(|policy| policy.quota == told.quota) {
        Some(policy) => {
            policy.remaining = told.remaining;
            policy.reset_after = told.reset_after;
        }
        None if told != PolicyStatus::default() => policies.insert(0, told),
        None => {}
    }
    policies
}

/// A window is longer than nothing.
fn window(item: &Item) -> Option<Duration> {
    item.integer().filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

fn take(item: &mut Item) -> Item {
    std::mem::take(item)
}
