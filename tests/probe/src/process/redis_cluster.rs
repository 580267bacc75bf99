use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::free_port;
use super::patience::{STARTING, poll};
use super::program::{Program, in_path};
use super::server::Server;

/// A Redis Cluster of one's own, on 127.0.0.1, of masters without replicas, which ends with its
/// value.
///
/// It keeps no data on disk, only who belongs to the cluster: a node whose process ended comes back
/// empty with the same slots. While a node is away, the others refuse commands.
#[derive(Debug)]
pub struct RedisCluster(Vec<Server<RedisNode>>);

impl RedisCluster {
    /// Starts empty masters with equal shares of the slots and returns when they serve, after some
    /// three seconds.
    ///
    /// # Panics
    ///
    /// When there are no nodes, Redis is not installed or too old, or the cluster does not come up.
    #[must_use]
    pub fn start(nodes: usize) -> Self {
        assert!(nodes > 0, "a cluster without nodes");
        let start = |()| {
            let mut server = Server::new(RedisNode::find());
            server.start();
            server
        };
        let cluster = Self(std::iter::repeat_n((), nodes).map(start).collect());
        cluster.join();
        cluster.settle();
        cluster
    }

    /// Returns the URL of each node.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.0.iter().map(|node| format!("redis://127.0.0.1:{}", node.port)).collect()
    }

    /// Returns the URL of the cluster.
    #[must_use]
    pub fn url(&self) -> String {
        let mut ports = self.0.iter().map(|node| node.port);
        let first = ports.next().unwrap_or_default();
        let rest: Vec<_> = ports.map(|port| format!("node=127.0.0.1:{port}")).collect();
        format!("redis-cluster://127.0.0.1:{first}?{}", rest.join("&"))
    }

    /// Kills the process of a node; nothing happens if it is down.
    ///
    /// # Panics
    ///
    /// When there is no such node.
    pub fn kill(&mut self, node: usize) {
        self.node(node).kill();
    }

    /// Stops the process of a node (SIGSTOP), so that clients connect and hear nothing.
    ///
    /// # Panics
    ///
    /// When it is down, or there is no such node.
    pub fn pause(&mut self, node: usize) {
        self.node(node).pause();
    }

    /// Lets a node run on after [`pause`](Self::pause).
    ///
    /// # Panics
    ///
    /// When it is down, or there is no such node.
    pub fn resume(&mut self, node: usize) {
        self.node(node).resume();
    }

    /// Starts a node on the same port, empty, and returns when the cluster serves again.
    ///
    /// # Panics
    ///
    /// When it does not come up, or there is no such node.
    pub fn restart(&mut self, node: usize) {
        self.node(node).restart();
        self.settle();
    }

    fn node(&mut self, node: usize) -> &mut Server<RedisNode> {
        let nodes = self.0.len();
        self.0.get_mut(node).unwrap_or_else(|| panic!("there is no node {node} among {nodes}"))
    }

    /// Gives each node its slots and makes it known to the first.
    fn join(&self) {
        const SLOTS: usize = 16_384;
        let nodes = self.0.len();
        for (index, node) in self.0.iter().enumerate() {
            let (from, to) = (index * SLOTS / nodes, (index + 1) * SLOTS / nodes - 1);
            node.program.tell(&node.folder, &format!("CLUSTER ADDSLOTSRANGE {from} {to}"));
            // Without an epoch of its own each, nodes settle who is who by collisions.
            node.program.tell(&node.folder, &format!("CLUSTER SET-CONFIG-EPOCH {}", index + 1));
            for other in self.0.iter().skip(index + 1) {
                let (port, bus) = (other.port, other.program.bus);
                node.program.tell(&node.folder, &format!("CLUSTER MEET 127.0.0.1 {port} {bus}"));
            }
        }
    }

    /// Waits until every node says that the cluster serves, with all nodes.
    fn settle(&self) {
        let known = format!("cluster_size:{}\r\n", self.0.len());
        let serves = |node: &Server<RedisNode>| {
            let info = RedisNode::ask(&node.folder, "CLUSTER INFO").unwrap_or_default();
            info.contains("cluster_state:ok\r\n") && info.contains(&known)
        };
        poll(STARTING, || self.0.iter().all(serves).then_some(()))
            .expect("the nodes of a Redis Cluster did not find together");
    }
}

/// The program `redis-server` as a node of a cluster.
#[derive(Debug)]
struct RedisNode {
    program: PathBuf,
    /// The port on which nodes talk to each other.
    bus: u16,
}

impl RedisNode {
    const SOCKET: &str = "redis.sock";

    /// After which silence, in milliseconds, a node is held for dead.
    const NODE_TIMEOUT: &str = "1000";

    /// How long one question may take before the server is asked again.
    const PATIENCE: Duration = Duration::from_secs(1);

    fn find() -> Self {
        let program = in_path("redis-server").expect(
            "redis-server is not in PATH: install it with `apt-get install -y redis-server`",
        );
        Self { program, bus: free_port() }
    }

    fn tell(&self, folder: &Path, command: &str) {
        let reply = Self::ask(folder, command);
        let reply = reply.unwrap_or_else(|error| panic!("{command} was not answered: {error}"));
        assert_eq!(reply, "+OK\r\n", "{command} was refused by {}", self.program.display());
    }

    /// Sends a command and returns its reply, a bulk string without its head.
    fn ask(folder: &Path, command: &str) -> std::io::Result<String> {
        let mut stream = UnixStream::connect(folder.join(Self::SOCKET))?;
        stream.set_read_timeout(Some(Self::PATIENCE))?;
        stream.write_all(command.as_bytes())?;
        stream.write_all(b"\r\n")?;
        let mut reader = BufReader::new(stream);
        let mut reply = String::new();
        reader.read_line(&mut reply)?;
        let Some(length) = reply.strip_prefix('$').and_then(|it| it.trim_end().parse().ok()) else {
            return Ok(reply);
        };
        let mut bulk = String::new();
        reader.take(length).read_to_string(&mut bulk)?;
        Ok(bulk)
    }
}

impl Program for RedisNode {
    const NAME: &'static str = "Redis Cluster node";

    const FAREWELL: Signal = Signal::TERM;

    fn command(&self, folder: &Path, port: u16) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
        command.arg("--dir").arg(folder).arg("--unixsocket").arg(folder.join(Self::SOCKET));
        command.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
        command.args(["--cluster-enabled", "yes", "--cluster-port", &self.bus.to_string()]);
        command.args(["--cluster-config-file", "nodes.conf"]);
        command.args(["--cluster-node-timeout", Self::NODE_TIMEOUT]);
        command
    }

    fn answers(&self, folder: &Path, _port: u16) -> bool {
        Self::ask(folder, "PING").is_ok_and(|reply| reply == "+PONG\r\n")
    }
}
