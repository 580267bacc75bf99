use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::program::{Program, in_path};
use super::server::Server;

/// A Redis server of one's own, on 127.0.0.1, which ends with its value.
///
/// It keeps nothing on disk: whatever ends its process empties it.
#[derive(Debug)]
pub struct Redis(Server<RedisServer>);

impl Redis {
    /// Starts an empty server and returns when it answers.
    ///
    /// # Panics
    ///
    /// When Redis is not installed, or does not come up.
    #[must_use]
    pub fn start() -> Self {
        let mut server = Server::new(RedisServer::find());
        server.start();
        Self(server)
    }

    /// Returns the URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.0.port)
    }

    /// Shuts it down in good order; nothing happens if it is down.
    pub fn stop(&mut self) {
        self.0.stop();
    }

    /// Kills its process; nothing happens if it is down.
    pub fn kill(&mut self) {
        self.0.kill();
    }

    /// Stops its process (SIGSTOP), so that clients connect and hear nothing.
    ///
    /// # Panics
    ///
    /// When it is down.
    pub fn pause(&mut self) {
        self.0.pause();
    }

    /// Lets it run on after [`pause`](Self::pause).
    ///
    /// # Panics
    ///
    /// When it is down.
    pub fn resume(&mut self) {
        self.0.resume();
    }

    /// Starts it on the same port, empty, after a stop if it runs.
    ///
    /// # Panics
    ///
    /// When it does not come up.
    pub fn restart(&mut self) {
        self.0.restart();
    }
}

/// The program `redis-server`.
#[derive(Debug)]
struct RedisServer(PathBuf);

impl RedisServer {
    const SOCKET: &str = "redis.sock";

    /// How long one question may take before the server is asked again.
    const PATIENCE: Duration = Duration::from_secs(1);

    fn find() -> Self {
        Self(in_path("redis-server").expect(
            "redis-server is not in PATH: install it with `apt-get install -y redis-server`",
        ))
    }

    fn ping(socket: &Path) -> std::io::Result<[u8; 7]> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Self::PATIENCE))?;
        stream.write_all(b"PING\r\n")?;
        let mut reply = [0; 7];
        stream.read_exact(&mut reply)?;
        Ok(reply)
    }
}

impl Program for RedisServer {
    const NAME: &'static str = "Redis";

    const FAREWELL: Signal = Signal::TERM;

    fn command(&self, folder: &Path, port: u16) -> Command {
        let mut command = Command::new(&self.0);
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
        command.arg("--dir").arg(folder).arg("--unixsocket").arg(folder.join(Self::SOCKET));
        command.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
        command
    }

    fn answers(&self, folder: &Path, _port: u16) -> bool {
        Self::ping(&folder.join(Self::SOCKET)).is_ok_and(|reply| reply == *b"+PONG\r\n")
    }
}
