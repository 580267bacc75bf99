/// Marks a response, in its extensions, as finished: no layer may rewrite its body.
///
/// For bodies that look like bare framework text but are meant as they are, such as the
/// plain-text answer of a protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassThrough;
