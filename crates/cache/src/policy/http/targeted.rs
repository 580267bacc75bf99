use std::time::Duration;

use http::{HeaderMap, HeaderName};
use sfv::{BareItem, Dictionary, ListEntry, Parser};

use super::{Qualified, ResponseDirectives, parse_delta};

/// The directives of a targeted field: a Dictionary of RFC 9651. Nothing if it is not there, is
/// empty, or is no Dictionary in any of its parts; a member of another type than its directive is
/// ignored (RFC 9213, section 2.1).
pub(super) fn parse_targeted(headers: &HeaderMap, name: &HeaderName) -> Option<ResponseDirectives> {
    let mut members = Dictionary::new();
    for line in headers.get_all(name) {
        Parser::new(line.as_bytes()).parse_dictionary_with_visitor(&mut members).ok()?;
    }
    if members.is_empty() {
        return None;
    }
    let mut said = ResponseDirectives { is_targeted: true, ..ResponseDirectives::default() };
    for (key, value) in &members {
        match key.as_str() {
            "max-age" => said.max_age = seconds(value),
            "s-maxage" => said.s_maxage = seconds(value),
            "no-store" => said.no_store = is_true(value),
            "no-cache" => said.no_cache = fields(value),
            "private" => said.private = fields(value),
            "public" => said.public = is_true(value),
            "must-revalidate" => said.must_revalidate = is_true(value),
            "proxy-revalidate" => said.proxy_revalidate = is_true(value),
            "must-understand" => said.must_understand = is_true(value),
            "immutable" => said.immutable = is_true(value),
            "stale-while-revalidate" => said.stale_while_revalidate = seconds(value),
            "stale-if-error" => said.stale_if_error = seconds(value),
            _ => {}
        }
    }
    Some(said)
}

fn bare(value: &ListEntry) -> Option<&BareItem> {
    if let ListEntry::Item(item) = value { Some(&item.bare_item) } else { None }
}

/// Zero if it is negative.
fn seconds(value: &ListEntry) -> Option<Duration> {
    let seconds = i64::from(bare(value)?.as_integer()?).max(0);
    parse_delta(itoa::Buffer::new().format(seconds).as_bytes())
}

fn is_true(value: &ListEntry) -> bool {
    bare(value).and_then(BareItem::as_boolean) == Some(true)
}

/// Names stand in a String, a Token or an Inner List of these.
fn fields(value: &ListEntry) -> Qualified {
    match value {
        ListEntry::Item(item) => match &item.bare_item {
            BareItem::Boolean(true) => Qualified::Whole,
            BareItem::String(names) => Qualified::of_list(names.as_str().as_bytes()),
            BareItem::Token(name) => Qualified::of_list(name.as_str().as_bytes()),
            _ => Qualified::Absent,
        },
        ListEntry::InnerList(list) => Qualified::of_names(list.items.iter().map(|item| {
            let name = match &item.bare_item {
                BareItem::String(name) => name.as_str(),
                BareItem::Token(name) => name.as_str(),
                // No name of a field, so all of the response is meant.
                _ => "",
            };
            name.as_bytes()
        })),
    }
}
