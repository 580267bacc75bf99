use std::time::Duration;

/// How the origin ends an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// As announced.
    Whole,
    /// The connection is closed before the first byte.
    Refused,
    /// The connection is closed after half of the announced body.
    Truncated,
    /// In chunks, with the last one missing.
    Unterminated,
    /// In chunks, with this trailer field.
    Chunked(Option<&'static str>),
    /// Without a length, until the connection is closed.
    UntilClose,
}

/// What the origin says to the requests of one step.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(super) status: u16,
    /// Field lines; see [`super::moment`] for what stands in braces.
    pub(super) fields: String,
    /// Without one it is `answer N` for the step's number.
    pub(super) body: Option<String>,
    pub(super) early: Option<&'static str>,
    /// Given instead where the request does not ask for a 304 or a 206.
    pub(super) otherwise: Option<Box<Answer>>,
    pub(super) delay: Duration,
    pub(super) ending: Ending,
}

/// Answers with a status and field lines.
pub(crate) fn answer(status: u16, fields: &str) -> Answer {
    Answer {
        status,
        fields: fields.to_owned(),
        body: None,
        early: None,
        otherwise: None,
        delay: Duration::ZERO,
        ending: Ending::Whole,
    }
}

/// Answers 200 with these field lines.
pub(crate) fn ok(fields: &str) -> Answer {
    answer(200, fields)
}

/// Answers 304 with these field lines, and 200 where nothing is asked about the stored answer.
pub(crate) fn not_modified(fields: &str) -> Answer {
    answer(304, fields).otherwise(ok(fields))
}

impl Answer {
    /// Closes the connection instead of answering.
    pub(crate) fn refused() -> Self {
        answer(200, "").ending(Ending::Refused)
    }

    /// Answers so where the request does not ask for a 304 or a 206.
    pub(crate) fn otherwise(mut self, answer: Self) -> Self {
        self.otherwise = Some(Box::new(answer));
        self
    }

    /// Has this body.
    pub(crate) fn body(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self
    }

    /// Sends a 103 with this field line first.
    pub(crate) fn early(mut self, field: &'static str) -> Self {
        self.early = Some(field);
        self
    }

    /// Waits before the first byte.
    pub(crate) fn after(mut self, milliseconds: u64) -> Self {
        self.delay = Duration::from_millis(milliseconds);
        self
    }

    /// Ends after half of the announced length.
    pub(crate) fn truncated(self) -> Self {
        self.ending(Ending::Truncated)
    }

    /// Is sent in chunks and ends without the last one.
    pub(crate) fn unterminated(self) -> Self {
        self.ending(Ending::Unterminated)
    }

    /// Is sent in chunks.
    pub(crate) fn chunked(self) -> Self {
        self.ending(Ending::Chunked(None))
    }

    /// Is sent in chunks and then this trailer field.
    pub(crate) fn trailer(self, field: &'static str) -> Self {
        self.ending(Ending::Chunked(Some(field)))
    }

    /// Has no length and ends with the connection.
    pub(crate) fn until_close(self) -> Self {
        self.ending(Ending::UntilClose)
    }

    fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }
}
