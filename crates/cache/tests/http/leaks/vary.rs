//! What responses say they depend on.

use super::*;

const KIND: &str = "x-kind";

fn of(kind: &str) -> Ask {
    get("/a").with(KIND, kind)
}

#[tokio::test(start_paused = true)]
async fn what_is_named_tells_apart_in_all_spellings_of_vary() {
    let varies: [&[(&str, &str)]; 7] = [
        &[("vary", "x-kind")],
        &[("vary", "X-KIND")],
        &[("vary", "accept, x-kind")],
        &[("vary", "accept"), ("vary", "x-kind")],
        &[("vary", ",, x-kind ,,")],
        &[("vary", "x-kind, x-kind")],
        &[("vary", "accept-encoding,accept-language,x-kind,cookie,authorization,origin")],
    ];
    for vary in varies {
        apart(layer, vary, &of("a"), &of("b")).await;
        apart(layer, vary, &of("a"), &get("/a")).await;
        apart(layer, vary, &of(""), &get("/a")).await;
        apart(layer, vary, &of("a"), &of("A")).await;
        apart(layer, vary, &of("a").with(KIND, "b"), &of("a")).await;
        together(layer, vary, &of("a"), &of("a")).await;
        together(layer, vary, &of("a"), &of("a").with("x-other", "b")).await;
        together(layer, vary, &get("/a"), &get("/a")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_varies_by_anything_is_for_nobody_else() {
    let varies: [&[(&str, &str)]; 5] = [
        &[("vary", "*")],
        &[("vary", "accept, *")],
        &[("vary", "accept"), ("vary", "*")],
        &[("vary", "*, accept")],
        // No name of a field.
        &[("vary", "a b")],
    ];
    for vary in varies {
        apart(layer, vary, &of("a"), &of("b")).await;
        let (layer, origin) = (layer(), Origin::telling(&[STORABLE[0], vary].concat()));
        for times in 1..4 {
            ask(&layer, &origin, &of("a")).await;
            assert_eq!(origin.times(), times);
        }
    }
}

/// Says with each answer what it depends on, as the request wishes.
fn wishing() -> Origin {
    Origin::new(|parts| {
        let vary = parts.headers["x-vary"].to_str().unwrap();
        says(&told(parts), [("cache-control", "max-age=60"), ("vary", vary)])
    })
}

#[tokio::test(start_paused = true)]
async fn what_depends_on_more_than_was_known_is_for_those_alone_who_agree_in_it() {
    let (layer, origin) = (layer(), wishing());
    let narrow = |user: &str| get("/a").with("x-user", user).with("x-vary", "x-user, x-vary");
    let wide = get("/a").with("x-vary", "x-vary");
    let mut asked = 0;
    for request in [narrow("one"), narrow("two"), wide, narrow("three")] {
        asked += 1;
        assert_eq!(ask(&layer, &origin, &request).await.text, request.told());
        assert_eq!(origin.times(), asked);
    }
    for user in ["one", "two", "three"] {
        let got = ask(&layer, &origin, &narrow(user)).await;
        assert_eq!((got.is_hit(), got.text), (true, narrow(user).told()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_of_many_specs_says_holds_for_its_own_responses() {
    // Each of these is for those who agree in two fields of three, and in which two those are.
    let (layer, origin) = (layer(), wishing());
    let specs = ["x-vary, x-one", "x-vary, x-two", "x-vary, x-one, x-two", "x-vary"];
    let mut requests = Vec::new();
    for spec in specs {
        for (one, two) in [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")] {
            let request = get("/a").with("x-vary", spec).with("x-one", one).with("x-two", two);
            requests.push((request, [spec.contains("one"), spec.contains("two")]));
        }
    }
    for _ in 0..3 {
        for (request, [by_one, by_two]) in &requests {
            let (got, own) = (ask(&layer, &origin, request).await.text, request.told());
            let lines = |text: &str, by: bool, field: &str| {
                text.lines().find(|line| by && line.starts_with(field)).map(str::to_owned)
            };
            for (field, by) in [("x-one", by_one), ("x-two", by_two), ("x-vary", &true)] {
                assert_eq!(lines(&got, *by, field), lines(&own, *by, field));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_without_vary_takes_the_place_of_variants_only_where_it_is_newer() {
    let origin = Origin::new(|parts| {
        let vary = if parts.headers.contains_key("x-all") { "" } else { KIND };
        says(&told(parts), [("cache-control", "max-age=60"), ("vary", vary)])
    });
    let layer = layer();
    ask(&layer, &origin, &of("a")).await;
    let all = of("b").with("x-all", "1");
    assert_eq!(ask(&layer, &origin, &all).await.text, all.told());
    assert_eq!(ask(&layer, &origin, &of("a")).await.text, all.told(), "it says it is for all");
}

#[tokio::test(start_paused = true)]
async fn of_many_variants_the_oldest_goes_and_none_is_mistaken() {
    let fields = [("cache-control", "max-age=60"), ("vary", KIND)];
    let (layer, origin) = (layer().with_max_variants(8), Origin::telling(&fields));
    for at in 0..100 {
        let request = of(&at.to_string());
        assert_eq!(ask(&layer, &origin, &request).await.text, request.told());
    }
    assert_eq!(origin.times(), 100);
    for at in (92..100).chain(92..100) {
        let got = ask(&layer, &origin, &of(&at.to_string())).await;
        assert_eq!((got.is_hit(), got.text), (true, of(&at.to_string()).told()));
    }
    for at in 0..92 {
        let request = of(&at.to_string());
        let got = ask(&layer, &origin, &request).await;
        assert_eq!((got.is_hit(), got.text), (false, request.told()), "{at}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_304_that_names_fewer_fields_gives_nothing_to_more() {
    let origin = Origin::new(|parts| {
        let validates = parts.headers.contains_key("if-none-match");
        let own = parts.headers.get("x-user").is_some_and(|user| user == "one");
        let fields = |vary| [("cache-control", "max-age=1"), ("etag", "\"e\""), ("vary", vary)];
        if validates && own {
            // As from something before the application, which knows of its own fields alone.
            states(304, "", fields("accept-encoding"))
        } else {
            says(&told(parts), fields("x-user"))
        }
    });
    let layer = layer();
    let user = |user: &str| get("/a").with("x-user", user);
    for _ in 0..3 {
        let got = ask(&layer, &origin, &user("one")).await;
        assert_eq!(got.text, user("one").told());
        for other in [user("two"), get("/a")] {
            assert_eq!(ask(&layer, &origin, &other).await.text, other.told());
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    for _ in 0..3 {
        let got = ask(&layer, &origin, &user("one")).await;
        let lines: Vec<_> = got.headers.get_all("vary").iter().collect();
        assert_eq!(lines, ["accept-encoding", "x-user"], "each is named once");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_304_that_hides_that_it_varies_gives_nothing_to_others() {
    let origin = Origin::new(|parts| {
        let fields = [("cache-control", "max-age=1"), ("etag", "\"e\"")];
        if parts.headers.contains_key("if-none-match") {
            // As fields of one connection are left out.
            let more = [("vary", KIND), ("connection", "vary")];
            states(304, "", [fields, more].concat())
        } else {
            says(&told(parts), fields)
        }
    });
    let layer = layer();
    ask(&layer, &origin, &of("a")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    ask(&layer, &origin, &of("a")).await;
    assert_eq!(ask(&layer, &origin, &of("b")).await.text, of("b").told());
}
