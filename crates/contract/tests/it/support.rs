use bartizan_contract::{ErrorReport, ResponseBody};
use bartizan_probe::read;
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::Full;

pub(crate) type Body = ResponseBody<Full<Bytes>>;

/// The headers as `name: value`, sorted.
pub(crate) fn lines(headers: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines
}

/// Reads a body that has no trailers to its end.
pub(crate) async fn text(response: Response<Body>) -> String {
    let (bytes, trailers) = read(response.into_body()).await.unwrap();
    assert_eq!(trailers, None);
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(crate) fn json(report: &ErrorReport) -> String {
    String::from_utf8(report.to_json().to_vec()).unwrap()
}
