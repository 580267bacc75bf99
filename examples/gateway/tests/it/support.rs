use std::net::SocketAddr;
use std::time::Duration;

use bartizan_gateway::config::Overrides;
use bartizan_gateway::{Config, Drained, Gateway, StopHandle, StopSignal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Nothing on one machine takes this long unless it is broken.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stop: StopHandle,
    pub(crate) ended: JoinHandle<Drained>,
}

/// A gateway with these settings, as dotted keys.
pub(crate) async fn start(upstream: SocketAddr, settings: &str) -> Running {
    let text =
        format!("listen = \"127.0.0.1:0\"\nupstream.url = \"http://{upstream}\"\n{settings}\n");
    let config = Config::parse(&text, Overrides::default()).unwrap();
    let gateway = Gateway::bind(config).await.unwrap();
    let address = gateway.local_addr().unwrap();
    let (stop, signal) = StopSignal::new();
    let ended = tokio::spawn(async move { gateway.run(signal).await.unwrap() });
    Running { address, stop, ended }
}

impl Running {
    pub(crate) async fn connect(&self) -> Raw {
        Raw::new(TcpStream::connect(self.address).await.unwrap())
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(&self, request: &str) -> Answer {
        let mut client = self.connect().await;
        client.send(request).await;
        client.answer().await
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.ask(&format!("GET {target} HTTP/1.1\r\nHost: a.example\r\n\r\n")).await
    }
}

/// An upstream; the function serves one connection, whose number it is told.
pub(crate) async fn upstream<F, Fut>(serve: F) -> SocketAddr
where
    F: Fn(usize, Raw) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(number, Raw::new(stream)));
        }
    });
    address
}

/// An upstream that answers each request with what it has received.
pub(crate) async fn echo() -> SocketAddr {
    upstream(|_, mut raw| async move {
        while let Some(head) = raw.try_head().await {
            let body = raw.body_of(&head, true).await.unwrap();
            let text = format!("{head}{}", String::from_utf8_lossy(&body));
            raw.send(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()))
                .await;
        }
    })
    .await
}

/// An upstream that answers every request with these bytes.
pub(crate) async fn answering(answer: &'static str) -> SocketAddr {
    upstream(move |_, mut raw| async move {
        while let Some(head) = raw.try_head().await {
            raw.body_of(&head, true).await.unwrap();
            raw.send(answer).await;
        }
    })
    .await
}

/// One end of a connection, byte by byte.
pub(crate) struct Raw {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Raw {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends without giving way to another task.
    pub(crate) fn send_now(&mut self, text: &str) {
        assert_eq!(self.stream.try_write(text.as_bytes()).unwrap(), text.len());
    }

    /// Sends if the other end still listens.
    pub(crate) async fn try_send(&mut self, text: &str) -> bool {
        self.stream.write_all(text.as_bytes()).await.is_ok()
    }

    pub(crate) async fn shutdown(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Reads more; whether there was more.
    async fn fill(&mut self) -> bool {
        let read = timeout(DEADLINE, self.stream.read_buf(&mut self.buffer)).await;
        !matches!(read.expect("nothing arrives"), Ok(0) | Err(_))
    }

    /// Takes the bytes through `end`.
    pub(crate) async fn through(&mut self, end: &str) -> Option<String> {
        loop {
            let found = self.buffer.windows(end.len()).position(|it| it == end.as_bytes());
            if let Some(at) = found {
                let taken: Vec<u8> = self.buffer.drain(..at + end.len()).collect();
                return Some(String::from_utf8(taken).unwrap());
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    pub(crate) async fn try_head(&mut self) -> Option<String> {
        self.through("\r\n\r\n").await
    }

    pub(crate) async fn head(&mut self) -> String {
        self.try_head().await.expect("the connection was closed")
    }

    pub(crate) async fn exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.buffer.len() < length {
            if !self.fill().await {
                return None;
            }
        }
        Some(self.buffer.drain(..length).collect())
    }

    /// All that arrives until the other end closes.
    pub(crate) async fn rest(&mut self) -> String {
        while self.fill().await {}
        String::from_utf8(std::mem::take(&mut self.buffer)).unwrap()
    }

    /// The body that a head announces, chunks joined; `None` if it ends early.
    pub(crate) async fn body_of(&mut self, head: &str, is_request: bool) -> Option<Vec<u8>> {
        if let Some(length) = values(head, "content-length").first() {
            return self.exactly(length.parse().unwrap()).await;
        }
        if values(head, "transfer-encoding").is_empty() {
            return if is_request { Some(Vec::new()) } else { Some(self.rest().await.into()) };
        }
        let mut body = Vec::new();
        loop {
            let line = self.through("\r\n").await?;
            let length = usize::from_str_radix(line.trim(), 16).unwrap();
            if length == 0 {
                // Trailers end like a head.
                let mut trailers = String::new();
                while !trailers.ends_with("\r\n\r\n") && trailers != "\r\n" {
                    trailers.push_str(&self.through("\r\n").await?);
                }
                body.extend_from_slice(trailers.trim_end().as_bytes());
                return Some(body);
            }
            body.extend(self.exactly(length).await?);
            self.exactly(2).await?;
        }
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        self.answer_to("GET").await
    }

    pub(crate) async fn answer_to(&mut self, method: &str) -> Answer {
        let head = self.head().await;
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        let has_none = method == "HEAD" || matches!(status, 100..200 | 204 | 304);
        let body = if has_none { Some(Vec::new()) } else { self.body_of(&head, false).await };
        Answer { status, head, body: body.map(|body| String::from_utf8(body).unwrap()) }
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// `None` where it ended early.
    pub(crate) body: Option<String>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        self.body.as_deref().expect("the body ended early")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        values(&self.head, name).first().copied()
    }

    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        values(&self.head, name)
    }

    /// The code of an error in the envelope.
    pub(crate) fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(self.text()).unwrap();
        assert_eq!(body["success"], false, "{body}");
        body["error"]["code"].as_str().unwrap().to_owned()
    }
}

/// The values of a field in a head.
pub(crate) fn values<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    fields
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
        .collect()
}
