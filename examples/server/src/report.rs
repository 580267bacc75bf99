//! What the program prints for people.

use std::fmt::Write;
use std::net::SocketAddr;

use crate::config::Value;
use crate::data::seed::DemoKey;
use crate::routes::{INTERNAL_ROUTES, PREFIXES, ROUTES, Route};
use crate::stack::{AROUND, LayerInfo, WITHIN};

/// Each setting, its value and where that came from.
#[must_use]
pub fn values(values: &[Value]) -> String {
    lines(values.iter().map(ToString::to_string))
}

/// Each route of the server.
#[must_use]
pub fn routes() -> String {
    let probes = ["/live", "/ready"].map(|path| format!("GET    {path}"));
    let line = |route: &Route, path: &str| {
        let method = route.method.to_uppercase();
        format!("{method:<6} {path:<34} {}", route.about)
    };
    let internal = INTERNAL_ROUTES.iter().map(|route| line(route, route.name));
    let api = PREFIXES.into_iter().flat_map(|prefix| {
        ROUTES.iter().map(move |route| line(route, &format!("{prefix}{}", route.path)))
    });
    lines(probes.into_iter().chain(internal).chain(api))
}

/// Each layer in its effective order, outermost first.
#[must_use]
pub fn layers() -> String {
    let line = |LayerInfo { name, why, .. }: &LayerInfo| format!("{name:<22} {why}");
    let mut text = String::from("around everything\n");
    text.push_str(&lines(AROUND.iter().map(line)));
    text.push_str("within, around the API\n");
    text.push_str(&lines(WITHIN.iter().map(line)));
    text
}

/// Where the server answers, and how to try it.
#[must_use]
pub fn welcome(address: SocketAddr, keys: &[DemoKey]) -> String {
    let mut text = format!("bartizan-server answers on http://{address}\n");
    if keys.is_empty() {
        return text;
    }
    text.push_str("\nDemo keys:\n");
    for DemoKey { tier, key, .. } in keys {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "  {:<11} {}", tier.as_str(), key.reveal());
    }
    let key = keys.last().map_or("", |demo| demo.key.reveal());
    let json = "-H 'content-type: application/json'";
    let _ = writeln!(
        text,
        "\nTry:\n  \
         curl http://{address}/api/workflows\n  \
         curl -H 'x-api-key: {key}' http://{address}/api/history\n  \
         curl {json} -d '{{\"workflowId\":\"wf_test\"}}' http://{address}/api/analyze\n  \
         curl http://{address}/nowhere"
    );
    text
}

fn lines(all: impl IntoIterator<Item = String>) -> String {
    all.into_iter().fold(String::new(), |text, line| text + &line + "\n")
}
