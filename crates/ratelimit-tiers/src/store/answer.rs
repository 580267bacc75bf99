/// The answer of something that mostly knows it at once, and must not cost an allocation or a
/// clone of the inner service then.
#[derive(Debug)]
pub enum Answer<F: Future> {
    /// At once.
    Now(F::Output),
    /// Later.
    Later(F),
}
