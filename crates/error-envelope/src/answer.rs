use std::sync::Arc;

use bartizan_contract::{Code, ErrorReport, Reply};
use http::{Response, StatusCode, response};
use http_body::Body;

use crate::asked::{Asked, Route};
use crate::body::{EnvelopeBody, Watch};
use crate::failure::{BoxError, Failure, catch, discard};
use crate::layer::{ClientText, Settings};
use crate::render::{self, Length};
use crate::request_id::{Correlation, RequestId};
use crate::rewrite::{self, Decision};
use crate::{Answered, Observer, Origin, Panicked, Stage, log};

/// One request and all that is needed to answer it.
#[derive(Debug)]
pub(crate) struct Exchange<O> {
    asked: Asked,
    settings: Settings,
    observer: O,
}

impl<O> Exchange<O> {
    pub(crate) const fn new(asked: Asked, settings: Settings, observer: O) -> Self {
        Self { asked, settings, observer }
    }
}

/// What became of an inner response.
pub(crate) enum Received<B, O> {
    Answer(Response<EnvelopeBody<B, O>>),
    /// Its short text is to be read first.
    Text(response::Parts, B),
}

impl<O: Observer + Clone> Exchange<O> {
    /// Applies the rewriting rule to a response that is not a success.
    pub(crate) fn receive<B: Body>(&mut self, response: Response<B>) -> Received<B, O> {
        let (mut head, body) = response.into_parts();
        // Asking a foreign body for its size may panic.
        let decision =
            catch(Stage::Future, || rewrite::decide(&head, &body.size_hint(), &self.asked));
        Received::Answer(match decision {
            Ok(Decision::Read) => return Received::Text(head, body),
            Ok(Decision::Pass) => self.pass(Response::from_parts(head, body)),
            Ok(Decision::Hide) => {
                discard(body);
                self.text(head, Err("a text of such a length is not read".into()))
            }
            Ok(Decision::Keep(report)) => {
                let request_id = self.asked.request_id();
                self.tell(&report, head.status, Origin::Report, &request_id);
                // A made id is told now, so a panic of the body is logged under the same.
                self.asked.correlation = Correlation::Id(request_id.clone());
                render::complete(&mut head, &report, self.asked.reply, &request_id);
                self.pass(Response::from_parts(head, body))
            }
            Ok(Decision::Replace(report)) => {
                discard(body);
                self.answer(head, report, Origin::Report, Length::Known)
            }
            Err(failure) => {
                discard(body);
                self.fail(failure)
            }
        })
    }

    /// Tells whether the status alone is enough to pass a response: a gRPC refusal has 200 too.
    pub(crate) fn is_success(&self, status: StatusCode) -> bool {
        status.as_u16() < 400 && self.asked.reply != Reply::GrpcTrailersOnly
    }

    /// The inner response as it is, watched to its end.
    pub(crate) fn pass<B>(&mut self, response: Response<B>) -> Response<EnvelopeBody<B, O>> {
        let watch = Watch {
            observer: self.observer.clone(),
            correlation: std::mem::take(&mut self.asked.correlation),
            reply: self.asked.reply,
        };
        response.map(|body| EnvelopeBody::watched(body, watch))
    }

    /// A bare status, or a short text; or why the text was not read to its end.
    pub(crate) fn text<B>(
        &self,
        head: response::Parts,
        text: Result<&[u8], BoxError>,
    ) -> Response<EnvelopeBody<B, O>> {
        let is_bare = matches!(text, Ok([]));
        let is_lost = is_bare && rewrite::is_cut_off(&head, self.asked.reply);
        let length = if is_lost && self.shows_text_of(head.status) {
            Length::Unknown
        } else {
            Length::Known
        };
        let origin = if is_bare { Origin::BareStatus } else { Origin::Text };
        let report = match text {
            Ok(text) => self.report_of_text(head.status, text),
            Err(error) => self.report_of_text(head.status, b"").with_source(error),
        };
        self.answer(head, Arc::new(report), origin, length)
    }

    /// No response at all.
    pub(crate) fn fail<B>(&self, failure: Failure) -> Response<EnvelopeBody<B, O>> {
        let origin = failure.origin();
        if let Failure::Panic { stage, .. } = failure {
            discard(catch(stage, || self.observer.panicked(&Panicked { stage })));
        }
        let report = Arc::new(self.report_of_failure(failure));
        let (mut head, ()) = Response::new(()).into_parts();
        head.status = report.status();
        self.answer(head, report, origin, Length::Known)
    }

    fn answer<B>(
        &self,
        head: response::Parts,
        report: Arc<ErrorReport>,
        origin: Origin,
        length: Length,
    ) -> Response<EnvelopeBody<B, O>> {
        let request_id = self.asked.request_id();
        let is_grpc = self.asked.reply == Reply::GrpcTrailersOnly;
        let status = if is_grpc { StatusCode::OK } else { head.status };
        self.tell(&report, status, origin, &request_id);
        let rendered = catch(Stage::Future, || {
            render::replace(
                head,
                report,
                &self.asked,
                &request_id,
                &self.settings.dictionary().base,
                length,
            )
        });
        rendered
            .unwrap_or_else(|_| render::fallback(self.asked.reply, &request_id))
            .map(EnvelopeBody::own)
    }

    /// Logs and counts, once for each answer. Foreign code writes causes and counts.
    fn tell(
        &self,
        report: &ErrorReport,
        status: StatusCode,
        origin: Origin,
        request_id: &RequestId,
    ) {
        let code = report.code();
        discard(catch(Stage::Future, || log::answered(report, status, request_id, origin)));
        discard(catch(Stage::Future, || {
            self.observer.answered(&Answered { status, code, origin });
        }));
    }

    /// The text of a 5xx is for the operator; that of a 4xx is the message, if so wished.
    fn shows_text_of(&self, status: StatusCode) -> bool {
        status.is_client_error() && self.settings.client_text == ClientText::IsMessage
    }

    fn report_of_text(&self, status: StatusCode, text: &[u8]) -> ErrorReport {
        let mut report = ErrorReport::from_status(status);
        if status == StatusCode::NOT_FOUND && self.asked.route == Route::Unmatched {
            report = report
                .with_code(Code::ROUTE_NOT_FOUND)
                .with_message("No route matches the request");
        }
        match std::str::from_utf8(text).map(str::trim) {
            Ok("") => report,
            Ok(text) if self.shows_text_of(status) => report.with_message(text.to_owned()),
            _ => report.with_source(String::from_utf8_lossy(text).into_owned()),
        }
    }

    fn report_of_failure(&self, failure: Failure) -> ErrorReport {
        let report = match failure {
            Failure::Error(error) | Failure::Readiness(error) => {
                catch(Stage::Future, || self.settings.dictionary().registry.report(error))
            }
            panic @ Failure::Panic { .. } => Err(panic),
        };
        report.unwrap_or_else(|panic| {
            ErrorReport::from_status(StatusCode::INTERNAL_SERVER_ERROR)
                .with_source(panic.to_string())
        })
    }
}
