use super::RequestId;

/// Makes ids for requests that bring none. Implemented for closures.
pub trait MakeRequestId {
    /// Makes one id; each call another.
    fn make_request_id(&self) -> RequestId;
}

impl<F: Fn() -> RequestId> MakeRequestId for F {
    fn make_request_id(&self) -> RequestId {
        self()
    }
}

/// 128 random bits as 32 lower-case hexadecimal digits, the form of a W3C trace id. Not secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RandomHex;

impl MakeRequestId for RandomHex {
    fn make_request_id(&self) -> RequestId {
        RequestId::from_u128(fastrand::u128(1..))
    }
}
