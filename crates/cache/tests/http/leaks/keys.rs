//! What keys are made of: nothing that a user writes is taken for another part of one.

use bartizan_cache::Responses;
use http::Uri;

use super::*;
use crate::support::caches;

/// Texts that mean something where keys are written.
const TEXTS: [&str; 24] = [
    "",
    "-",
    ":",
    "=",
    "0=",
    "1=",
    "1=a",
    "3=a:b",
    ":1=a",
    "1=a:-",
    "-:-",
    "h1=a",
    "h6=x-kind:1=a",
    "p1=a",
    ":p1=a",
    "%",
    "%3a",
    "%253a",
    "{",
    "}",
    "a\tb",
    "\\n",
    "a, b",
    "\u{e4}",
];

fn keyed() -> CacheLayer {
    layer().with_key_headers([name("x-one"), name("x-two")])
}

#[tokio::test(start_paused = true)]
async fn values_of_key_headers_do_not_run_into_one_another() {
    let origin = Origin::telling(STORABLE[0]);
    let layer = keyed();
    let mut asked = 0;
    for one in TEXTS {
        for two in TEXTS {
            let request = get("/a").with("x-one", one).with("x-two", two);
            let got = ask(&layer, &origin, &request).await;
            asked += 1;
            assert_eq!((got.text, origin.times()), (request.told(), asked));
        }
    }
    for one in TEXTS {
        apart(keyed, &[], &get("/a").with("x-one", one), &get("/a").with("x-two", one)).await;
        apart(keyed, &[], &get("/a").with("x-one", one), &get("/a")).await;
        let lines = get("/a").with("x-one", one).with("x-one", "b");
        for joined in [format!("{one}, b"), format!("{one}b"), format!("{one}\\nb")] {
            apart(keyed, &[], &lines, &get("/a").with("x-one", joined)).await;
        }
        let other = get("/a").with("x-one", "b").with("x-one", one);
        apart(keyed, &[], &lines, &other).await;
    }
}

#[tokio::test(start_paused = true)]
async fn selecting_values_do_not_run_into_one_another() {
    let vary = [("vary", "x-two, x-one")];
    let (layer, origin) = (
        layer().with_max_variants(TEXTS.len() * TEXTS.len() + 1),
        Origin::telling(&[STORABLE[0], &vary].concat()),
    );
    for rounds in 0..2 {
        for one in TEXTS {
            for two in TEXTS {
                let request = get("/a").with("x-one", one).with("x-two", two);
                let got = ask(&layer, &origin, &request).await;
                assert_eq!((got.is_hit(), got.text), (rounds == 1, request.told()));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn partitions_do_not_run_into_headers_nor_into_targets() {
    let layer_of = || parted(keyed());
    let (layer, origin) = (layer_of(), Origin::telling(STORABLE[0]));
    let mut asked = 0;
    for user in TEXTS.into_iter().filter(|text| text.is_ascii()) {
        for one in TEXTS {
            let request = get("/a").with("x-user", user).with("x-one", one);
            let got = ask(&layer, &origin, &request).await;
            asked += 1;
            assert_eq!((got.text, origin.times()), (request.told(), asked));
        }
        let alone = get("/a").with("x-user", user);
        apart(layer_of, &[], &alone, &get("/a")).await;
        apart(layer_of, &[], &alone, &get("/a").with("x-one", user)).await;
        apart(layer_of, &[], &alone, &get("/a").with("x-two", user)).await;
    }
}

/// Layers that tell responses apart by different things, over the same store.
fn layers(responses: &Responses) -> Vec<CacheLayer> {
    let layer = || CacheLayer::new(responses.clone());
    vec![
        layer(),
        layer().with_key_headers([name("x-one")]),
        layer().with_key_headers([name("x-two")]),
        layer().with_key_headers([name("x-one"), name("x-two")]),
        layer().with_partition(|head| match head.headers().get("x-one").map(|it| it.to_str()) {
            Some(Ok(one)) => Partition::Of(one.into()),
            _ => Partition::Of("".into()),
        }),
        layer().with_partition(|_| Partition::Of("x-one".into())).with_key_headers([name("x-one")]),
    ]
}

#[tokio::test(start_paused = true)]
async fn layers_with_different_keys_share_a_store_and_nothing_in_it() {
    for one in TEXTS.into_iter().filter(|text| text.is_ascii()) {
        for vary in ["", "x-one"] {
            let responses = caches().responses("http").build().unwrap();
            let layers = layers(&responses);
            for (at, layer) in layers.iter().enumerate() {
                let text = format!("layer {at}");
                let origin = Origin::new(move |_| {
                    says(&text, [("cache-control", "max-age=60"), ("vary", vary)])
                });
                let request = get("/a").with("x-one", one).with("x-two", one);
                assert_eq!(ask(layer, &origin, &request).await.text, format!("layer {at}"));
                assert!(ask(layer, &origin, &request).await.is_hit());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_that_looks_like_a_variant_is_none() {
    let fields = [("cache-control", "max-age=60"), ("vary", "x-one")];
    let (layer, origin) = (layer(), Origin::telling(&fields));
    for text in TEXTS.into_iter().filter(|text| Uri::try_from(format!("/{text}")).is_ok()) {
        for path in [format!("/a{text}"), format!("/a?{text}"), format!("/a{text}?{text}")] {
            let request = get(&path).with("x-one", text);
            let got = ask(&layer, &origin, &request).await;
            assert!(got.is_hit() || got.text == request.told());
            assert_eq!(got.text, request.told());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_too_long_for_a_key_is_not_stored_and_not_cut_off() {
    let long = "a".repeat(9_000);
    let vary = [("vary", "x-one")];
    let path = |end: &str| get(&format!("/{long}{end}"));
    let query = |end: &str| get(&format!("/?{long}{end}"));
    let header = |end: &str| get("/a").with("x-one", format!("{long}{end}"));
    let requests: [&dyn Fn(&str) -> Ask; 3] = [&path, &query, &header];
    for request in requests {
        let (one, other) = (request("1"), request("2"));
        apart(keyed, &[], &one, &other).await;
        apart(keyed, &[], &one, &get("/a")).await;
        apart(layer, &vary, &one, &other).await;
        let (layer, origin) = (keyed(), Origin::telling(STORABLE[0]));
        for times in 1..4 {
            assert_eq!(ask(&layer, &origin, &one).await.text, one.told());
            assert_eq!(origin.times(), times);
        }
    }
    let partition = |end: &str| get("/a").with("x-user", format!("{long}{end}"));
    apart(|| parted(layer()), &[], &partition("1"), &partition("2")).await;
    let host = |end: &str| Ask::new("GET", "/a").with("host", format!("{long}{end}"));
    apart(layer, &[], &host("1"), &host("2")).await;
}

#[tokio::test(start_paused = true)]
async fn a_selecting_value_that_is_too_long_spoils_no_other_variant() {
    let fields = [("cache-control", "max-age=60"), ("vary", "x-one")];
    let (layer, origin) = (layer(), Origin::telling(&fields));
    let short = get("/a").with("x-one", "a");
    ask(&layer, &origin, &short).await;
    for at in 0..8 {
        let long = get("/a").with("x-one", format!("{}{at}", "a".repeat(60_000)));
        assert_eq!(ask(&layer, &origin, &long).await.text, long.told());
    }
    assert!(ask(&layer, &origin, &short).await.is_hit());
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_text_are_told_apart() {
    let values: Vec<Vec<u8>> = (0x20..=0xff_u8)
        .filter(|byte| *byte != 0x7f)
        .chain([b'\t'])
        .map(|byte| vec![b'a', byte, b'b'])
        .chain([vec![0xc3, 0xa4], vec![0xe4], vec![0xc3, 0x83, 0xc2, 0xa4]])
        .collect();
    let fields = [("cache-control", "max-age=60"), ("vary", "x-kind")];
    let varied = layer().with_max_variants(values.len());
    for layer in [keyed(), parted(keyed()), varied] {
        let origin = Origin::telling(&fields);
        for round in 0..2 {
            for value in &values {
                let request = get("/a").with("x-one", value).with("x-kind", value);
                let got = ask(&layer, &origin, &request).await;
                assert_eq!((got.is_hit(), got.text), (round == 1, request.told()));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_key_that_is_told_is_that_of_the_one_who_asks() {
    let layer = parted(keyed()).telling_keys();
    let origin = Origin::telling(STORABLE[0]);
    for user in ["one", "two"] {
        let status = |got: Got| got.headers["cache-status"].to_str().unwrap().to_owned();
        for _ in 0..2 {
            let got = ask(&layer, &origin, &get("/a").with("x-user", user)).await;
            assert!(status(got).contains(&format!("p3={user}")));
        }
    }
}
