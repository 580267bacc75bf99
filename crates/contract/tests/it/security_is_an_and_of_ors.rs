use bartizan_contract::{Description, SecurityRequirement, SecurityScheme};
use serde_json::json;

fn scheme(name: &'static str) -> SecurityScheme {
    SecurityScheme::new(name, json!({ "type": "apiKey" }))
}

/// The names of a requirement's schemes.
fn names(requirement: &SecurityRequirement) -> Vec<&str> {
    requirement.schemes().iter().map(SecurityScheme::name).collect()
}

#[test]
fn each_requirement_with_its_alternatives_once() {
    let one = SecurityRequirement::new(scheme("key"));
    assert_eq!((names(&one), one.allows_anonymous()), (vec!["key"], false));
    let several = one.or(scheme("session")).or(scheme("key")).or_anonymous();
    assert_eq!((names(&several), several.allows_anonymous()), (vec!["key", "session"], true));
}

#[test]
fn equal_requirements_once_and_others_beside_them() {
    let key = || SecurityRequirement::new(scheme("key"));
    let mut description = Description::new();
    assert!(description.security().is_empty());
    description.add_security(key());
    description.add_security(key());
    description.add_security(key().or_anonymous());
    description.add_security(SecurityRequirement::new(scheme("csrf")));
    let shown: Vec<_> =
        description.security().iter().map(|it| (names(it), it.allows_anonymous())).collect();
    assert_eq!(shown, [(vec!["key"], false), (vec!["key"], true), (vec!["csrf"], false)]);
}

#[test]
fn a_scheme_with_other_scopes_is_another_alternative() {
    let read = scheme("oauth").with_scope("read").with_scope("list");
    let requirement = SecurityRequirement::new(read).or(scheme("oauth").with_scope("admin"));
    let scopes: Vec<_> = requirement.schemes().iter().map(|it| it.scopes().join(" ")).collect();
    assert_eq!(scopes, ["read list", "admin"]);
    assert_eq!(requirement.schemes()[0].scheme(), &json!({ "type": "apiKey" }));
}
