//! Messages of HTTP/1.1 as they are on the wire; an own reader, since a library would mend what a
//! case wants to see or to send.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request or a response that was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Message {
    /// The first line.
    pub(super) start: String,
    pub(super) fields: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) trailers: Vec<(String, String)>,
    /// Whether the body came to its announced end.
    pub(super) whole: bool,
}

impl Message {
    /// The values of a field's lines, joined; nothing if it is absent.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let mut values = self.lines(name).peekable();
        values.peek()?;
        Some(values.collect::<Vec<_>>().join(", "))
    }

    pub(super) fn lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.fields.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    pub(super) fn status(&self) -> u16 {
        self.start.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }
}

/// What is known of a message's body from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Request,
    Response,
    /// It has no body whatever it says.
    ResponseToHead,
}

/// One end of a connection.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// Writes characters as the bytes of their numbers, which lets a case send any byte.
    pub(super) async fn write(&mut self, text: &str) {
        let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        // The peer may have left, which the next read tells.
        self.stream.write_all(&bytes).await.ok();
        self.stream.flush().await.ok();
    }

    /// The next message, or nothing if the connection ended before its head did.
    pub(super) async fn read(&mut self, role: Role) -> Option<Message> {
        let start = self.line().await?;
        let mut message = Message { start, ..Message::default() };
        message.fields = self.fields().await?;
        message.whole = self.body(&mut message, role).await;
        Some(message)
    }

    async fn body(&mut self, message: &mut Message, role: Role) -> bool {
        let empty = role == Role::ResponseToHead
            || (role == Role::Response && matches!(message.status(), 100..=199 | 204 | 304));
        if empty {
            return true;
        }
        if message.field("transfer-encoding").is_some() {
            return self.chunks(message).await;
        }
        let length = message.lines("content-length").next().and_then(|value| value.parse().ok());
        match length {
            Some(length) => {
                let whole = self.fill(length).await;
                message.body = text(self.buffer.drain(..length.min(self.buffer.len())));
                whole
            }
            None if role == Role::Request => true,
            None => {
                while self.more().await {}
                message.body = text(self.buffer.drain(..));
                true
            }
        }
    }

    async fn chunks(&mut self, message: &mut Message) -> bool {
        loop {
            let Some(line) = self.line().await else { return false };
            let Ok(size) = usize::from_str_radix(line.trim(), 16) else { return false };
            if size == 0 {
                let Some(trailers) = self.fields().await else { return false };
                message.trailers = trailers;
                return true;
            }
            let whole = self.fill(size + 2).await;
            message.body.push_str(&text(self.buffer.drain(..size.min(self.buffer.len()))));
            if !whole {
                return false;
            }
            self.buffer.drain(..2);
        }
    }

    /// Field lines up to the empty one.
    async fn fields(&mut self) -> Option<Vec<(String, String)>> {
        let mut fields = Vec::new();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Some(fields);
            }
            let (name, value) = line.split_once(':')?;
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = text(self.buffer.drain(..end));
                self.buffer.drain(..2);
                return Some(line);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    async fn fill(&mut self, length: usize) -> bool {
        while self.buffer.len() < length {
            if !self.more().await {
                return false;
            }
        }
        true
    }

    async fn more(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.buffer).await;
        read.is_ok_and(|length| length > 0)
    }
}

fn text(bytes: impl Iterator<Item = u8>) -> String {
    bytes.map(char::from).collect()
}
