#![expect(clippy::indexing_slicing, reason = "a JSON object grows when it is indexed")]

use bartizan_contract::{
    Content, Describe, Description, Header, Operation, Parameter, ResponseSpec, Schema,
    SecurityRequirement,
};
use serde_json::{Map, Value, json};

use crate::security::alternatives;

/// Renders an operation, and those that its layers answer themselves, as an `OpenAPI` 3.1 fragment.
#[must_use]
pub fn fragment(layers: &impl Describe, operation: &Operation<'_>, inner: Description) -> Value {
    let mut all = inner;
    layers.describe(operation, &mut all);
    let mut document = json!({ "paths": {}, "components": {} });
    add(&mut document, operation.method.as_str(), operation.route, &all);
    for own in layers.own_operations() {
        add(&mut document, own.method().as_str(), own.route(), own.description());
        let path = &mut document["paths"][own.route()];
        let item = &mut path[own.method().as_str().to_lowercase()];
        item["summary"] = own.summary().into();
        item["tags"] = own.tag().into_iter().collect();
    }
    // Another crate of the same build may have `serde_json` keep the order of insertion.
    document.sort_all_objects();
    document
}

fn add(document: &mut Value, method: &str, route: &str, description: &Description) {
    let kept = &mut document["components"];
    let parameters: Value = description.parameters().iter().map(|p| parameter(p, kept)).collect();
    let mut item = json!({ "parameters": parameters, "responses": {} });
    if let Some(body) = description.request_body() {
        let content = contents(body.contents(), kept);
        item["requestBody"] = json!({ "required": body.is_required(), "content": content });
    }
    for known in description.responses() {
        item["responses"][known.key().to_string()] = response(known, kept);
    }
    for scheme in description.security().iter().flat_map(SecurityRequirement::schemes) {
        kept["securitySchemes"][scheme.name()] = scheme.scheme().clone();
    }
    item["security"] = json!(alternatives(description.security()));
    document["paths"][route][method.to_lowercase()] = item;
}

fn parameter(it: &Parameter, kept: &mut Value) -> Value {
    json!({
        "in": it.location().as_str(),
        "name": it.name(),
        "description": it.description(),
        "required": it.is_required(),
        "schema": reference(it.schema(), kept),
    })
}

fn response(it: &ResponseSpec, kept: &mut Value) -> Value {
    let headers: Map<_, _> = it.headers().iter().map(|known| header(known, kept)).collect();
    let codes: Value = it.errors().iter().map(|case| case.code.as_str()).collect();
    let (words, content) = (it.description(), contents(it.contents(), kept));
    json!({ "description": words, "headers": headers, "content": content, "x-codes": codes })
}

fn header(it: &Header, kept: &mut Value) -> (String, Value) {
    let schema = reference(it.schema(), kept);
    (it.name().to_string(), json!({ "description": it.description(), "schema": schema }))
}

fn contents(all: &[Content], kept: &mut Value) -> Map<String, Value> {
    let one = |it: &Content| {
        (it.media_type().to_owned(), json!({ "schema": reference(it.schema(), kept) }))
    };
    all.iter().map(one).collect()
}

/// A named schema is kept once and referred to.
fn reference(schema: &Schema, kept: &mut Value) -> Value {
    let Some(name) = schema.name() else { return schema.json().clone() };
    kept["schemas"][name] = schema.json().clone();
    json!({ "$ref": format!("#/components/schemas/{name}") })
}
