use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// Stands between clients and a server: bytes arrive later, and may arrive as others. Its threads
/// end with the test's process.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    /// Milliseconds, in each direction.
    delay: Arc<AtomicU64>,
}

/// What becomes of the bytes that clients send.
type Rewrite = fn(&mut [u8]);

impl Proxy {
    pub(crate) fn before(url: &str) -> Self {
        Self::rewriting(url, |_| ())
    }

    pub(crate) fn rewriting(url: &str, rewrite: Rewrite) -> Self {
        let address = url.strip_prefix("redis://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let delay = Arc::new(AtomicU64::new(0));
        let late = Arc::clone(&delay);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&address) else { continue };
                carry(&client, &server, &late, rewrite);
                carry(&server, &client, &late, |_| ());
            }
        });
        Self { port, delay }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A reply comes so much later from now on.
    pub(crate) fn delay(&self, round_trip: Duration) {
        let millis = u64::try_from(round_trip.as_millis()).unwrap();
        self.delay.store(millis / 2, Ordering::Relaxed);
    }
}

/// Reads on while what was read waits: it is late, not throttled.
fn carry(from: &TcpStream, to: &TcpStream, delay: &Arc<AtomicU64>, rewrite: Rewrite) {
    to.set_nodelay(true).unwrap();
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    let delay = Arc::clone(delay);
    let (sender, waiting) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        for (due, bytes) in waiting {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        to.shutdown(Shutdown::Both).ok();
    });
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let mut bytes = buffer[..length].to_vec();
            rewrite(&mut bytes);
            let due = Instant::now() + Duration::from_millis(delay.load(Ordering::Relaxed));
            if sender.send((due, bytes)).is_err() {
                return;
            }
        }
    });
}
