//! From the client's frames and errors to ours.

use std::time::Duration;

use bytes::Bytes;
use fred::error::{Error, ErrorKind};
use fred::types::Resp3Frame;

use crate::error::Sent;
use crate::{LinkError, ServerError, Value};

/// Turns a reply into a value; an error as the whole reply is an error.
pub(crate) fn read(frame: Resp3Frame) -> Result<Value, ServerError> {
    match value(frame) {
        Value::Error(error) => Err(error),
        value => Ok(value),
    }
}

fn value(frame: Resp3Frame) -> Value {
    match frame {
        Resp3Frame::BlobString { data, .. }
        | Resp3Frame::VerbatimString { data, .. }
        | Resp3Frame::BigNumber { data, .. }
        | Resp3Frame::ChunkedString(data) => Value::Bytes(data),
        Resp3Frame::SimpleString { data, .. } => Value::Status(data),
        Resp3Frame::Number { data, .. } => Value::Integer(data),
        Resp3Frame::Double { data, .. } => Value::Double(data),
        Resp3Frame::Boolean { data, .. } => Value::Bool(data),
        Resp3Frame::SimpleError { data, .. } => Value::Error(ServerError::new(data.into_inner())),
        Resp3Frame::BlobError { data, .. } => Value::Error(ServerError::new(data)),
        Resp3Frame::Array { data, .. } | Resp3Frame::Push { data, .. } => {
            Value::Array(data.into_iter().map(value).collect())
        }
        Resp3Frame::Set { data, .. } => Value::Array(data.into_iter().map(value).collect()),
        Resp3Frame::Map { data, .. } => {
            Value::Map(data.into_iter().map(|(key, item)| (value(key), value(item))).collect())
        }
        Resp3Frame::Null | Resp3Frame::Hello { .. } => Value::Nil,
    }
}

/// Turns an error of the client, met after the command was handed over, into ours.
pub(crate) fn failure(error: Error, timeout: Duration) -> LinkError {
    match error.kind() {
        ErrorKind::Timeout => LinkError::timeout(timeout),
        // Never written: the client drains its queue with this one.
        ErrorKind::Canceled => LinkError::disconnected(Sent::No).because(boxed(error)),
        // The client closes the connection when one reply says so, and fails every command in
        // flight with the words of that one reply.
        ErrorKind::Cluster if error.details().starts_with("CLUSTERDOWN") => {
            let text = Bytes::copy_from_slice(error.details().as_bytes());
            LinkError::server(ServerError::new(text), Sent::Perhaps)
        }
        ErrorKind::InvalidArgument
        | ErrorKind::InvalidCommand
        | ErrorKind::Parse
        | ErrorKind::Protocol => LinkError::protocol().because(boxed(error)),
        _ => LinkError::disconnected(Sent::Perhaps).because(boxed(error)),
    }
}

fn boxed(error: Error) -> Box<dyn std::error::Error + Send + Sync> {
    Box::new(error)
}
