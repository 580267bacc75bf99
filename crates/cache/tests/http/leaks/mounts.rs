//! Routers that shorten paths before the layer sees them.

use http::Uri;

use super::*;

/// The URI as the client sent it, as routers leave it.
#[derive(Clone)]
struct Whole(Uri);

fn mounted(prefix: &str, path: &str) -> Request<Full<Bytes>> {
    let mut request = get(path).request();
    let uri = Uri::try_from(format!("{prefix}{path}")).unwrap();
    request.extensions_mut().insert(Whole(uri));
    request
}

fn telling(mount: &'static str) -> Origin {
    Origin::new(move |_| says(mount, STORABLE[0].iter().copied()))
}

#[tokio::test(start_paused = true)]
async fn mounts_are_apart_where_the_layer_is_told_of_the_whole_uri() {
    let layer = layer().with_uri_of(|extensions| extensions.get().map(|Whole(uri)| uri));
    let (one, two) = (telling("one"), telling("two"));
    for is_hit in [false, true] {
        for (origin, mount) in [(&one, "one"), (&two, "two")] {
            let got = got(&layer, origin, mounted(&format!("/{mount}"), "/a?b")).await;
            assert_eq!((got.text.as_str(), got.is_hit()), (mount, is_hit));
        }
    }
    let uri = Uri::from_static("http://example.com/one/a?b");
    layer.responses().purge(&uri).await.unwrap();
    assert!(!got(&layer, &one, mounted("/one", "/a?b")).await.is_hit());
    assert!(got(&layer, &two, mounted("/two", "/a?b")).await.is_hit());
    let mut change = mounted("/two", "/a?b");
    *change.method_mut() = http::Method::POST;
    got(&layer, &two, change).await;
    assert!(got(&layer, &one, mounted("/one", "/a?b")).await.is_hit());
    assert!(!got(&layer, &two, mounted("/two", "/a?b")).await.is_hit());
}

#[tokio::test(start_paused = true)]
async fn mounts_with_one_store_collide_where_it_is_not_told() {
    // So the documentation of `with_uri_of` says, and a store of its own for each is another way.
    let (one, two) = (telling("one"), telling("two"));
    let together = layer();
    got(&together, &one, mounted("/one", "/a")).await;
    assert_eq!(got(&together, &two, mounted("/two", "/a")).await.text, "one");
    let (alone, other) = (layer(), layer());
    got(&alone, &one, mounted("/one", "/a")).await;
    assert_eq!(got(&other, &two, mounted("/two", "/a")).await.text, "two");
}
