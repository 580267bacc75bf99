use std::collections::{BTreeMap, BTreeSet};

use bartizan_contract::SecurityRequirement;

/// The schemes to be used together, each with its scopes; none for anonymous callers.
pub(crate) type Alternative<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Multiplies requirements, which are an AND of ORs, out into an OR of ANDs.
pub(crate) fn alternatives(requirements: &[SecurityRequirement]) -> Vec<Alternative<'_>> {
    let mut requirements = requirements.iter().map(alternatives_of);
    // Without a requirement there is no alternative, not the anonymous one.
    let Some(first) = requirements.next() else { return Vec::new() };
    requirements.fold(first, |product, next| {
        let mut larger = Vec::new();
        for all in product.iter().flat_map(|one| next.iter().map(|other| both(one, other))) {
            if !larger.contains(&all) {
                larger.push(all);
            }
        }
        larger
    })
}

fn alternatives_of(requirement: &SecurityRequirement) -> Vec<Alternative<'_>> {
    let schemes = requirement.schemes().iter().map(|scheme| {
        let scopes = scheme.scopes().iter().map(AsRef::as_ref).collect();
        Alternative::from([(scheme.name(), scopes)])
    });
    let anonymous = requirement.allows_anonymous().then(Alternative::new);
    schemes.chain(anonymous).collect()
}

fn both<'a>(one: &Alternative<'a>, other: &Alternative<'a>) -> Alternative<'a> {
    let mut both = one.clone();
    for (name, scopes) in other {
        both.entry(name).or_default().extend(scopes);
    }
    both
}
