//! Two requests select the same if and only if their values mean the same (RFC 9111, section 4.1).

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::super::Normalise;
use super::vary::{codings, is_same, languages, lists, plain, selected};

/// Lines of a field, of bytes that the encoding itself or a parser might take for its own.
fn field_lines() -> impl Strategy<Value = Vec<String>> {
    let tricky =
        prop_oneof![Just(String::new()), "[ab,; \t\"\\\\]{0,6}", "[a-c]{0,3}", "a{120,135}",];
    prop::collection::vec(tricky, 0..3)
}

fn request(fields: &[(&'static str, &Vec<String>)]) -> HeaderMap {
    let mut request = HeaderMap::new();
    for (name, lines) in fields {
        for line in *lines {
            let value = HeaderValue::from_str(line).unwrap();
            request.append(HeaderName::from_static(name), value);
        }
    }
    request
}

/// RFC 9110, section 5.3.
fn combined(lines: &[String]) -> Option<String> {
    let trimmed: Vec<_> = lines.iter().map(|line| line.trim_matches([' ', '\t'])).collect();
    let combined = trimmed.join(", ");
    (!lines.is_empty()).then(|| combined.trim_matches([' ', '\t']).to_owned())
}

/// Whitespace around commas removed one at a time, as long as there is some, with the quoted
/// strings put aside.
fn without_space(value: &str) -> (String, Vec<String>) {
    let (mut squeezed, mut strings) = (String::new(), Vec::new());
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        squeezed.push(char);
        if char == '"' {
            let mut string = String::new();
            while let Some(char) = chars.next() {
                string.push(char);
                match char {
                    '\\' => string.extend(chars.next()),
                    '"' => break,
                    _ => {}
                }
            }
            strings.push(string);
        }
    }
    let spaces = [" ,", "\t,", ", ", ",\t"];
    while let Some(space) = spaces.iter().find(|space| squeezed.contains(**space)) {
        squeezed = squeezed.replace(space, ",");
    }
    (squeezed, strings)
}

/// Weights in thousandths: none, if the coding is not named.
type Weights = [Option<u16>; 5];
const NAMES: [&str; 5] = ["br", "gzip", "identity", "*", "zstd"];

fn accepting(weights: &Weights, order: usize, style: usize) -> String {
    let mut members: Vec<_> = NAMES
        .iter()
        .zip(weights)
        .filter_map(|(name, weight)| {
            let weight = (*weight)?;
            Some(match (style, weight) {
                (0, 1000) => (*name).to_owned(),
                (1, 1000) => format!("{};q=1.0", name.to_uppercase()),
                (_, 1000) => format!("{name} ; Q=1"),
                _ => format!("{name};q=0.{weight:03}"),
            })
        })
        .collect();
    if !members.is_empty() {
        let by = order % members.len();
        members.rotate_left(by);
    }
    members.join([",", ", ", " ,\t,"][style])
}

/// The rank of `br`, `gzip` and no coding to a request: zero where it takes none of it. No coding
/// has half a rank, below all others, if nothing is said of it.
fn ranks(weights: &Weights) -> [u16; 3] {
    let [br, gzip, identity, any, _] = *weights;
    let weigh = |own: Option<u16>, otherwise| own.or(any).map_or(otherwise, |weight| 2 * weight);
    [weigh(br, 0), weigh(gzip, 0), weigh(identity, 1)]
}

fn is_ranked_alike(left: &Weights, right: &Weights) -> bool {
    let (left, right) = (ranks(left), ranks(right));
    let takes = |ranks: [u16; 3]| ranks.map(|rank| rank > 0);
    if takes(left) != takes(right) {
        return false;
    }
    let has_coding = left[0] > 0 || left[1] > 0;
    let is_said = |ranks: [u16; 3]| ranks[2] != 1;
    let order = |ranks: [u16; 3]| {
        [ranks[0].cmp(&ranks[1]), ranks[0].cmp(&ranks[2]), ranks[1].cmp(&ranks[2])]
    };
    !has_coding || order(left) == order(right) && is_said(left) == is_said(right)
}

fn weights() -> impl Strategy<Value = Weights> {
    let weight = prop_oneof![3 => Just(None), 1 => Just(Some(0)), 1 => Just(Some(300)), 2 => Just(Some(1000))];
    prop::array::uniform5(weight)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn bytes_are_equal_if_and_only_if_the_values_are(
        (left_a, left_b, right_a, right_b) in (field_lines(), field_lines(), field_lines(), field_lines()),
    ) {
        let left = request(&[("a", &left_a), ("b", &left_b)]);
        let right = request(&[("a", &right_a), ("b", &right_b)]);
        let values = |a: &[String], b: &[String]| (combined(a), combined(b));
        let is_equal = values(&left_a, &left_b) == values(&right_a, &right_b);
        let bytes = |normalise: &Normalise| {
            [&left, &right].map(|request| selected(&["a", "b"], request, normalise))
        };
        let [of_left, of_right] = bytes(&plain());
        prop_assert_eq!(of_left == of_right, is_equal);
        let squeezed = |a, b| {
            let (a, b) = values(a, b);
            (a.as_deref().map(without_space), b.as_deref().map(without_space))
        };
        let is_equal = squeezed(&left_a, &left_b) == squeezed(&right_a, &right_b);
        let [of_left, of_right] = bytes(&lists());
        prop_assert_eq!(of_left == of_right, is_equal);
    }

    #[test]
    fn codings_are_equal_if_and_only_if_they_rank_alike(
        (left, right) in (weights(), weights()),
        (order, style) in (0_usize..5, 0_usize..3),
        (other_order, other_style) in (0_usize..5, 0_usize..3),
    ) {
        let (left_text, right_text) =
            (accepting(&left, order, style), accepting(&right, other_order, other_style));
        let same = is_same("accept-encoding", &codings(), &[&left_text], &[&right_text]);
        prop_assert_eq!(same, is_ranked_alike(&left, &right), "{} and {}", left_text, right_text);
        let again = accepting(&left, other_order, other_style);
        prop_assert!(is_same("accept-encoding", &codings(), &[&left_text], &[&again]));
    }

    #[test]
    fn a_weight_is_read_in_thousandths(left in 0_u16..=1000, right in 0_u16..=1000) {
        let text = |weight: u16| match weight {
            1000 => "en;q=1.000".to_owned(),
            _ => format!("en;q=0.{weight:03}").trim_end_matches('0').to_owned(),
        };
        let (left_text, right_text) = (text(left), text(right));
        let same = is_same("accept-language", &languages(), &[&left_text], &[&right_text]);
        prop_assert_eq!(same, left == right);
    }
}
