use std::net::TcpListener;
use std::process::Output;

use tempfile::TempDir;

use super::process::{run, text};

/// The one line that it ended with.
fn complaint(output: &Output) -> &str {
    let complaint = text(&output.stderr).strip_suffix('\n').unwrap();
    assert!(!complaint.contains('\n'), "{complaint}");
    assert_eq!(text(&output.stdout), "");
    complaint
}

#[test]
fn a_wrong_value_ends_it_with_one_line_that_names_the_variable() {
    let folder = TempDir::new().unwrap();
    for task in [&[][..], &["serve"], &["migrate"], &["layers"]] {
        let output = run(folder.path(), task, &[("PORT", "http")]);
        assert_eq!(output.status.code(), Some(2));
        let expected = r#"bartizan-server: PORT: expected a port from 0 to 65535, got "http""#;
        assert_eq!(complaint(&output), expected);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn production_without_its_four_variables_ends_with_their_names() {
    let folder = TempDir::new().unwrap();
    let output = run(folder.path(), &[], &[("NODE_ENV", "production")]);
    assert_eq!(output.status.code(), Some(2));
    let expected = "bartizan-server: DATABASE_URL, FRONTEND_URL, ENCRYPTION_KEY, PAGINATION_KEY: \
                    expected a value, because NODE_ENV is production";
    assert_eq!(complaint(&output), expected);
}

#[test]
fn a_taken_port_ends_it_before_anything_is_written() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(folder.path(), &[], &[("PORT", &port)]);
    assert_eq!(output.status.code(), Some(1));
    let expected = format!(
        "bartizan-server: cannot listen on 127.0.0.1:{port}: another process does; set PORT to a \
         free one"
    );
    assert!(complaint(&output).starts_with(&expected), "{output:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_database_that_cannot_be_used_ends_it_with_the_cause() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("file"), "no database, but longer than a header").unwrap();
    for url in ["sqlite:file/data.sqlite", "sqlite:file", "postgres://nobody@127.0.0.1:1/none"] {
        let output = run(folder.path(), &[], &[("PORT", "0"), ("DATABASE_URL", url)]);
        assert_eq!(output.status.code(), Some(1), "{url}");
        let complaint = complaint(&output);
        assert!(complaint.starts_with("bartizan-server: DATABASE_URL: the "), "{complaint}");
    }
}
