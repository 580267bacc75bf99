use bartizan_contract::{
    Code, Content, Description, ErrorCase, Header, ResponseKey, ResponseSelector, ResponseSpec,
    Schema, StatusClass,
};
use http::{HeaderName, StatusCode};
use serde_json::json;

const LOCKED: ErrorCase = ErrorCase::new(StatusCode::LOCKED, Code::LOCKED, "Locked");

fn status(status: u16) -> ResponseKey {
    StatusCode::from_u16(status).unwrap().into()
}

fn header(name: &'static str, words: &'static str) -> Header {
    Header::new(HeaderName::from_static(name), words, Schema::inline(json!(true)))
}

fn problem() -> Content {
    Content::new("application/problem+json", Schema::inline(json!({})))
}

fn with_content(key: impl Into<ResponseKey>) -> ResponseSpec {
    ResponseSpec::new(key, "").with_content(Content::json(Schema::inline(json!({}))))
}

/// Names and words of a response's headers.
fn headers(response: &ResponseSpec) -> Vec<(&str, &str)> {
    response.headers().iter().map(|known| (known.name().as_str(), known.description())).collect()
}

#[test]
fn by_keys_in_the_order_of_precedence() {
    use StatusClass::{ClientError, Informational, Redirection, ServerError, Successful};
    let mut description = Description::new();
    description.add_response(ResponseSpec::new(ResponseKey::Default, ""));
    for class in [ServerError, Redirection, ClientError, Informational, Successful] {
        description.add_response(ResponseSpec::new(class, ""));
    }
    for code in [503, 100, 404, 999, 200] {
        description.add_response(ResponseSpec::new(status(code), ""));
    }
    let shown: Vec<_> = description.responses().iter().map(|it| it.key().to_string()).collect();
    assert_eq!(
        shown,
        ["100", "200", "404", "503", "999", "1XX", "2XX", "3XX", "4XX", "5XX", "default"]
    );
}

#[test]
fn by_exactly_one_key() {
    let mut description = Description::new();
    description.add_response(ResponseSpec::new(StatusClass::ClientError, "a class"));
    description.add_response(ResponseSpec::new(ResponseKey::Default, "the rest"));
    description.add_response(ResponseSpec::new(StatusClass::ClientError, "again"));
    assert_eq!(description.responses().len(), 2);
    let class = description.response(StatusClass::ClientError).unwrap();
    assert_eq!(class.description(), "a class");
    assert_eq!(description.response(ResponseKey::Default).unwrap().description(), "the rest");
    assert!(description.response(StatusCode::NOT_FOUND).is_none());
    assert!(description.response(StatusClass::ServerError).is_none());
}

#[test]
fn by_selectors() {
    use ResponseSelector::{All, Errors, Reported, Status, Successes};
    let statuses = [100, 200, 304, 399, 400, 404, 500, 599, 999].map(status);
    let classes = [StatusClass::Redirection, StatusClass::ClientError, StatusClass::ServerError];
    let keys = statuses.into_iter().chain(classes.map(ResponseKey::from));
    let responses: Vec<_> = keys
        .chain([ResponseKey::Default])
        .map(|key| ResponseSpec::new(key, ""))
        .chain([LOCKED.status.into(), ResponseKey::Default].map(reported))
        .collect();
    let chosen = |selector: ResponseSelector| {
        let matching = responses.iter().filter(|response| selector.matches(response));
        let mut shown = matching.map(|response| response.key().to_string()).collect::<Vec<_>>();
        shown.dedup();
        shown.join(" ")
    };
    assert_eq!(chosen(All), "100 200 304 399 400 404 500 599 999 3XX 4XX 5XX default 423 default");
    assert_eq!(chosen(Successes), "100 200 304 399 3XX");
    assert_eq!(chosen(Errors), "400 404 500 599 999 4XX 5XX 423");
    assert_eq!(chosen(Reported), "423 default");
    assert_eq!(chosen(Status(StatusCode::NOT_FOUND)), "404");
    assert_eq!(chosen(Status(StatusCode::GONE)), "");
}

fn reported(key: ResponseKey) -> ResponseSpec {
    ResponseSpec::new(key, "").with_error(LOCKED)
}

#[test]
fn by_headers_only_as_far_as_they_are_there() {
    let mut description = Description::new();
    let own = ResponseSpec::new(StatusCode::OK, "").with_header(header("x-request-id", "own"));
    description.add_response(own);
    description.add_response(ResponseSpec::new(StatusCode::NOT_FOUND, ""));
    description.add_header(ResponseSelector::All, header("x-request-id", "all"));
    description.add_header(ResponseSelector::Errors, header("x-error", "errors"));
    description.add_response(ResponseSpec::new(StatusCode::BAD_GATEWAY, "later"));
    let shown: Vec<_> = description.responses().iter().map(headers).collect();
    assert_eq!(
        shown,
        [
            vec![("x-request-id", "own")],
            vec![("x-request-id", "all"), ("x-error", "errors")],
            vec![]
        ]
    );
}

#[test]
fn by_contents_only_where_there_is_one() {
    let mut description = Description::new();
    description.add_response(reported(status(404)));
    description.add_response(with_content(StatusCode::OK));
    description.add_response(with_content(StatusCode::CONFLICT));
    description.add_error(LOCKED);
    for selector in [ResponseSelector::Reported, ResponseSelector::Reported] {
        description.add_content(selector, problem());
    }
    description.add_error(ErrorCase::new(StatusCode::GONE, Code::GONE, "Later"));
    let shown: Vec<_> = description
        .responses()
        .iter()
        .map(|it| (it.key().to_string(), it.contents().len(), it.contents().contains(&problem())))
        .collect();
    let expected = [
        ("200", 1, false),
        ("404", 0, false),
        ("409", 1, false),
        ("410", 1, false),
        ("423", 2, true),
    ];
    assert_eq!(shown, expected.map(|(key, count, is)| (key.to_owned(), count, is)));
}
