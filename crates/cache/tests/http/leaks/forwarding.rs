//! Fields by which something takes a request for another than it is.

use super::*;

const FIELDS: [(&str, &str); 29] = [
    ("forwarded", "host=evil.example;proto=https"),
    ("front-end-https", "on"),
    ("x-envoy-original-path", "/evil"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-method", "DELETE"),
    ("x-forwarded-path", "/evil"),
    ("x-forwarded-port", "1"),
    ("x-forwarded-prefix", "/evil"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-protocol", "https"),
    ("x-forwarded-scheme", "nothttps"),
    ("x-forwarded-server", "evil.example"),
    ("x-forwarded-ssl", "on"),
    ("x-forwarded-uri", "/evil"),
    ("x-host", "evil.example"),
    ("x-http-host-override", "evil.example"),
    ("x-http-method", "POST"),
    ("x-http-method-override", "POST"),
    ("x-method-override", "POST"),
    ("x-original-host", "evil.example"),
    ("x-original-method", "POST"),
    ("x-original-uri", "/evil"),
    ("x-original-url", "/evil"),
    ("x-real-host", "evil.example"),
    ("x-rewrite-uri", "/evil"),
    ("x-rewrite-url", "/evil"),
    ("x-scheme", "https"),
    ("x-script-name", "/evil"),
    ("x-url-scheme", "https"),
];

#[tokio::test(start_paused = true)]
async fn fields_that_rewrite_targets_go_by_the_cache_unless_the_key_has_them() {
    for (field, value) in FIELDS {
        let one = get("/a").with(field, value);
        let head = Ask { method: "HEAD".into(), ..one.clone() };
        by(layer, Bypass::Forwarding, &[one.clone(), head, get("/a").with(field, "")]).await;
        apart(layer, &[], &one, &get("/a")).await;
        apart(layer, &[("vary", field)], &one, &get("/a")).await;
        let keyed = || layer().with_key_headers([name(field)]);
        apart(keyed, &[], &one, &get("/a")).await;
        apart(keyed, &[], &one, &get("/a").with(field, "")).await;
        apart(keyed, &[], &one, &one.clone().with(field, "more")).await;
        together(keyed, &[], &one, &one).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_declared_field_does_not_let_another_pass() {
    let keyed = || layer().with_key_headers([name("x-forwarded-proto")]);
    let proto = get("/a").with("x-forwarded-proto", "https");
    let both = proto.clone().with("x-forwarded-host", "evil.example");
    by(keyed, Bypass::Forwarding, std::slice::from_ref(&both)).await;
    apart(keyed, &[], &proto, &both).await;
}

#[tokio::test(start_paused = true)]
async fn who_forwards_does_not_learn_what_others_were_told_nor_drives_it_out() {
    let (layer, origin) = (layer(), Origin::telling(STORABLE[0]));
    ask(&layer, &origin, &get("/a")).await;
    for (field, value) in FIELDS {
        let request = get("/a").with(field, value).with("cache-control", "max-stale");
        assert_eq!(ask(&layer, &origin, &request).await.text, request.told());
    }
    assert!(ask(&layer, &origin, &get("/a")).await.is_hit());
}

#[tokio::test(start_paused = true)]
async fn fields_that_the_next_hop_takes_out_are_not_part_of_what_is_stored() {
    // A proxy inside, which does what RFC 9110, section 7.6.1, says.
    let origin = || {
        Origin::new(|parts| {
            let named: Vec<_> = parts
                .headers
                .get_all("connection")
                .iter()
                .filter_map(|line| line.to_str().ok())
                .flat_map(|line| line.split(','))
                .map(|name| name.trim().to_ascii_lowercase())
                .collect();
            let language = if named.iter().any(|name| name == "accept-language") {
                "none"
            } else {
                parts.headers["accept-language"].to_str().unwrap()
            };
            says(language, [("cache-control", "max-age=60"), ("vary", "accept-language")])
        })
    };
    let german = get("/a").with("accept-language", "de");
    for connection in ["accept-language", "close, Accept-Language", "keep-alive,,accept-language"] {
        let (layer, origin) = (layer(), origin());
        let evil = german.clone().with("connection", connection);
        assert_eq!(ask(&layer, &origin, &evil).await.bypass(), Some(Bypass::Forwarding));
        assert_eq!(ask(&layer, &origin, &german).await.text, "de");
    }
    let (layer, origin) = (layer(), origin());
    let lines = german.clone().with("connection", "close").with("connection", "accept-language");
    ask(&layer, &origin, &lines).await;
    assert_eq!(ask(&layer, &origin, &german).await.text, "de");
    let usual = ["keep-alive", "Close", "keep-alive, TE", "", "upgrade, HTTP2-Settings", "trailer"];
    for connection in usual {
        let request = german.clone().with("connection", connection);
        assert!(ask(&layer, &origin, &request).await.is_hit(), "{connection}");
    }
}
