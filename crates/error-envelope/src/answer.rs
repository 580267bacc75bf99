use std::sync::Arc;

use bartizan_contract::{Code, ErrorReport, LogLevel, Reply};
use http::{Response, StatusCode, response};
use http_body::Body;

use crate::asked::{Asked, Route};
use crate::body::{EnvelopeBody, Watch};
use crate::failure::{Failure, catch, discard};
use crate::layer::{ClientText, Settings};
use crate::render::{self, Length};
use crate::request_id::RequestId;
use crate::rewrite::{self, Decision};
use crate::{Answered, Observer, Origin, Panicked, Stage, log};

/// One request and all that is needed to answer it.
#[derive(Debug)]
pub(crate) struct Exchange<O> {
    asked: Asked,
    settings: Arc<Settings>,
    observer: O,
}

impl<O> Exchange<O> {
    pub(crate) const fn new(asked: Asked, settings: Arc<Settings>, observer: O) -> Self {
        Self { asked, settings, observer }
    }

    /// Applies the rewriting rule. Asking a foreign body for its size may panic.
    pub(crate) fn decide<B: Body>(
        &self,
        head: &response::Parts,
        body: &B,
    ) -> Result<Decision, Failure> {
        if head.status.as_u16() < 400 && self.asked.reply != Reply::GrpcTrailersOnly {
            return Ok(Decision::Pass);
        }
        catch(Stage::Future, || rewrite::decide(head, &body.size_hint(), &self.asked))
    }

    /// The inner response as it is, watched to its end.
    pub(crate) fn pass<B>(self, head: response::Parts, body: B) -> Response<EnvelopeBody<B, O>> {
        let watch = Watch {
            observer: self.observer,
            correlation: self.asked.correlation,
            reply: self.asked.reply,
        };
        Response::from_parts(head, EnvelopeBody::watched(body, watch))
    }
}

impl<O: Observer> Exchange<O> {
    /// A response that somebody marked with a report, whose body is already right.
    pub(crate) fn keep<B>(
        self,
        mut head: response::Parts,
        body: B,
        report: &ErrorReport,
    ) -> Response<EnvelopeBody<B, O>> {
        let request_id = self.asked.request_id();
        self.tell(report, head.status, Origin::Report, &request_id);
        render::keep(&mut head, self.asked.reply, &request_id);
        self.pass(head, body)
    }

    /// A response that somebody marked with a report, rendered anew.
    pub(crate) fn replace<B>(
        self,
        head: response::Parts,
        body: B,
        report: Arc<ErrorReport>,
    ) -> Response<EnvelopeBody<B, O>> {
        discard(body);
        self.answer(head, report, Origin::Report, Length::Known)
    }

    /// A bare status, or a short text; `None` when the text could not be read to its end.
    pub(crate) fn text<B>(
        self,
        head: response::Parts,
        text: Option<&[u8]>,
    ) -> Response<EnvelopeBody<B, O>> {
        let is_bare = text.is_some_and(<[u8]>::is_empty);
        let length = if is_bare && rewrite::is_cut_off(&head, self.asked.reply) {
            Length::Unknown
        } else {
            Length::Known
        };
        let origin = if is_bare { Origin::BareStatus } else { Origin::Text };
        let report = self.report_of_text(head.status, text.unwrap_or_default());
        self.answer(head, Arc::new(report), origin, length)
    }

    /// No response at all.
    pub(crate) fn fail<B>(self, failure: Failure) -> Response<EnvelopeBody<B, O>> {
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
        self,
        head: response::Parts,
        report: Arc<ErrorReport>,
        origin: Origin,
        length: Length,
    ) -> Response<EnvelopeBody<B, O>> {
        let request_id = self.asked.request_id();
        self.tell(&report, head.status, origin, &request_id);
        let rendered = catch(Stage::Future, || {
            render::replace(head, report, &self.asked, &request_id, &self.settings.base, length)
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
    fn report_of_text(&self, status: StatusCode, text: &[u8]) -> ErrorReport {
        let mut report = ErrorReport::from_status(status);
        if status == StatusCode::NOT_FOUND && self.asked.route == Route::Unmatched {
            report = report
                .with_code(Code::ROUTE_NOT_FOUND)
                .with_message("No route matches the request");
        }
        let is_public =
            status.is_client_error() && self.settings.client_text == ClientText::IsMessage;
        match std::str::from_utf8(text).map(str::trim) {
            Ok("") => report,
            Ok(text) if is_public => report.with_message(text.to_owned()),
            _ => report.with_source(String::from_utf8_lossy(text).into_owned()),
        }
    }

    fn report_of_failure(&self, failure: Failure) -> ErrorReport {
        let report = match failure {
            Failure::Error(error) | Failure::Readiness(error) => {
                catch(Stage::Future, || self.settings.registry.report(error))
            }
            panic @ Failure::Panic { .. } => Err(panic),
        };
        report.unwrap_or_else(|panic| {
            ErrorReport::from_status(StatusCode::INTERNAL_SERVER_ERROR)
                .with_log_level(LogLevel::Error)
                .with_source(panic.to_string())
        })
    }
}
