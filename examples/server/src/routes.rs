//! Every route, once: the router and the listing are made from the same table.

use axum::Router;
use axum::extract::MatchedPath;
use axum::http::Extensions;
use axum::routing::{get, post};

use crate::api::{analyses, caches, leads, users, workflows};
use crate::app::AppState;

/// Where the one API router is served; the first is its canonical name.
pub const PREFIXES: [&str; 3] = ["/api/v1", "/api", "/v1/api"];

/// Where operators look, without a prefix.
pub const INTERNAL: &str = "/internal";

/// A route of the API, below each prefix, or of [`INTERNAL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The template below the prefix.
    pub path: &'static str,
    /// The template below the canonical prefix: its name, whatever prefix it was asked by.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
}

macro_rules! routes {
    (
        $(#[$doc:meta])*
        $list:ident = $build:ident($prefix:literal);
        $($method:ident $path:literal => $handler:path, $about:literal;)+
    ) => {
        $(#[$doc])*
        pub const $list: &[Route] =
            &[$(Route {
                method: stringify!($method),
                path: $path,
                name: concat!($prefix, $path),
                about: $about,
            }),+];

        fn $build(router: Router<AppState>, prefix: &str) -> Router<AppState> {
            router$(.route(&format!("{prefix}{}", $path), $method($handler)))+
        }
    };
}

routes! {
    /// The routes of the API.
    ROUTES = api("/api/v1");
    get "/workflows" => workflows::list, "workflows of the caller's location";
    get "/workflows/{id}" => workflows::find, "one workflow";
    post "/analyze" => analyses::analyze, "analyses a workflow";
    get "/history" => analyses::history, "analyses, newest first, as long as the tier keeps them";
    get "/leads" => leads::list, "a page of leads";
    post "/leads" => leads::create, "takes a new lead";
    post "/register" => users::register, "registers a user";
    post "/login" => users::login, "begins a session";
    post "/logout" => users::logout, "ends the session";
    post "/performance/clear-cache" => caches::clear, "clears caches, for operators";
}

routes! {
    /// The routes for operators.
    INTERNAL_ROUTES = internal("/internal");
    get "/cache-stats" => caches::stats, "what the caches have done";
}

/// The API below its prefixes, and what is for operators.
///
/// Not nested, which would rewrite the URI of each request.
pub(crate) fn identified() -> Router<AppState> {
    internal(PREFIXES.into_iter().fold(Router::new(), api), INTERNAL)
}

/// Reads the name of the route that a request has matched: the template, of the API's routes below the
/// canonical prefix.
pub(crate) fn route_of(extensions: &Extensions) -> Option<&str> {
    let matched = extensions.get::<MatchedPath>()?.as_str();
    let canonical = PREFIXES.iter().find_map(|prefix| {
        let path = matched.strip_prefix(prefix)?;
        ROUTES.iter().find(|route| route.path == path)
    });
    Some(canonical.map_or(matched, |route| route.name))
}
