use std::path::Path;
use std::{env, fs};

use crate::support::document;

/// Rewrites the file when set, for a reviewer to read.
const UPDATE: &str = "UPDATE_GOLDEN";

#[test]
fn byte_for_byte() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/get_leads.json");
    let rendered = format!("{:#}\n", document());
    if env::var_os(UPDATE).is_some_and(|value| value == "1") {
        fs::write(&path, &rendered).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap();
    assert!(
        rendered == golden,
        "differs from {}; if that is meant, run again with {UPDATE}=1:\n{rendered}",
        path.display()
    );
}

#[test]
fn the_same_each_time() {
    assert_eq!(document().to_string(), document().to_string());
}

#[test]
fn refers_only_to_what_it_contains() {
    let document = document();
    let text = document.to_string();
    let references: Vec<_> = text.split(r##""$ref":"#"##).skip(1).collect();
    // ErrorBody and Problem at 400, 401, 429 and 500 of one path and 500 of the other; Leads and
    // Refusals at 200, Conflict at 409.
    assert_eq!(references.len(), 5 + 5 + 1 + 1 + 1);
    for reference in references {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}
