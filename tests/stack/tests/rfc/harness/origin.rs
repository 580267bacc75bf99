use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use super::answer::{Answer, Ending};
use super::moment;
use super::wire::{Message, Role, Wire};

/// A server that answers each case's URL as the case's present step says, and remembers what it
/// was asked.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    port: u16,
    scripts: Arc<Mutex<HashMap<String, Script>>>,
}

#[derive(Debug)]
struct Script {
    step: usize,
    answers: Vec<Answer>,
    asked: Vec<(usize, Message)>,
}

impl Origin {
    /// Listens on a port, or on a free one for zero.
    pub(crate) async fn start(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let origin = Self { port, scripts: Arc::default() };
        let serving = origin.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        origin
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn learn(&self, path: &str, answers: Vec<Answer>) {
        let script = Script { step: 1, answers, asked: Vec::new() };
        self.scripts.lock().unwrap().insert(path.to_owned(), script);
    }

    /// From now on requests belong to this step.
    pub(super) fn begin(&self, path: &str, step: usize) {
        if let Some(script) = self.scripts.lock().unwrap().get_mut(path) {
            script.step = step;
            script.asked.retain(|(of, _)| *of != step);
        }
    }

    /// What was asked since that step began.
    pub(super) fn asked(&self, path: &str, step: usize) -> Vec<Message> {
        let scripts = self.scripts.lock().unwrap();
        let asked = scripts.get(path).into_iter().flat_map(|script| &script.asked);
        asked.filter(|(of, _)| *of == step).map(|(_, message)| message.clone()).collect()
    }

    async fn serve(self, stream: TcpStream) {
        let mut wire = Wire::new(stream);
        while let Some(message) = wire.read(Role::Request).await {
            let Some((path, step, answer)) = self.note(&message) else {
                wire.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
                continue;
            };
            sleep(answer.delay).await;
            if answer.ending == Ending::Refused {
                return;
            }
            if let Some(field) = answer.early {
                wire.write(&format!("HTTP/1.1 103 Early Hints\r\n{field}\r\n\r\n")).await;
            }
            let host = message.field("host").unwrap_or_default();
            let head_only = message.start.starts_with("HEAD ");
            wire.write(&written(&answer, step, head_only, &path, &host)).await;
            if !matches!(answer.ending, Ending::Whole | Ending::Chunked(_)) {
                return;
            }
        }
    }

    /// Remembers a request and returns what it is answered with.
    fn note(&self, message: &Message) -> Option<(String, usize, Answer)> {
        let target = message.start.split(' ').nth(1)?;
        let target = target.strip_prefix("http://").map_or(target, |rest| {
            let slash = rest.find('/').unwrap_or(rest.len());
            &rest[slash..]
        });
        let mut segments = target.split(['/', '?']);
        let path = format!("/{}/{}", segments.nth(1)?, segments.next()?);
        let mut scripts = self.scripts.lock().unwrap();
        let script = scripts.get_mut(&path)?;
        script.asked.push((script.step, message.clone()));
        let answer = fitting(script.answers.get(script.step - 1)?, message).clone();
        Some((path, script.step, answer))
    }
}

/// The answer, or what is given in its place to a request that does not ask for such a one.
fn fitting<'a>(answer: &'a Answer, message: &Message) -> &'a Answer {
    let asks = |name: &str| message.field(name).is_some();
    let fits = match answer.status {
        206 => asks("range"),
        304 => asks("if-none-match") || asks("if-modified-since"),
        _ => true,
    };
    if fits { answer } else { answer.otherwise.as_deref().unwrap_or(answer) }
}

/// The body of an answer that has none of its own.
pub(super) fn body_of(answer: &Answer, step: usize) -> String {
    answer.body.clone().unwrap_or_else(|| format!("answer {step}"))
}

fn written(answer: &Answer, step: usize, head_only: bool, path: &str, host: &str) -> String {
    let body = body_of(answer, step);
    let mut text = format!("HTTP/1.1 {} Scripted\r\n", answer.status);
    let fields = moment::fill(&answer.fields, path, host);
    let has = |name: &str| {
        fields
            .lines()
            .any(|line| line.get(..name.len()).is_some_and(|own| own.eq_ignore_ascii_case(name)))
    };
    if !has("date:") {
        write!(text, "Date: {}\r\n", moment::fill("{+0}", path, host)).unwrap();
    }
    // `Date: none` is how a case asks for an answer without one.
    for line in fields.lines().filter(|line| *line != "Date: none") {
        write!(text, "{line}\r\n").unwrap();
    }
    let empty = matches!(answer.status, 204 | 304);
    let chunked = matches!(answer.ending, Ending::Chunked(_) | Ending::Unterminated);
    if chunked {
        text.push_str("Transfer-Encoding: chunked\r\n");
        if let Ending::Chunked(Some(trailer)) = answer.ending {
            let name = trailer.split(':').next().unwrap_or_default();
            write!(text, "Trailer: {name}\r\n").unwrap();
        }
    } else if answer.ending == Ending::UntilClose {
        text.push_str("Connection: close\r\n");
    } else if !empty && !has("content-length:") {
        write!(text, "Content-Length: {}\r\n", body.len()).unwrap();
    }
    text.push_str("\r\n");
    if head_only || empty {
        return text;
    }
    if chunked {
        write!(text, "{:x}\r\n{body}\r\n", body.len()).unwrap();
        if let Ending::Chunked(trailer) = answer.ending {
            write!(
                text,
                "0\r\n{}\r\n",
                trailer.map_or(String::new(), |field| format!("{field}\r\n"))
            )
            .unwrap();
        }
    } else if answer.ending == Ending::Truncated {
        text.push_str(&body[..body.len() / 2]);
    } else {
        text.push_str(&body);
    }
    text
}
