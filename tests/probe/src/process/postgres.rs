use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::account::Account;
use super::program::{Program, in_newest, in_path};
use super::server::Server;

/// Where Debian keeps the programs of each version, most of which are not in `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

const DATABASE: &str = "bartizan";

/// A PostgreSQL server of one's own, on 127.0.0.1, which ends with its value.
///
/// It has the superuser `postgres`, no password, and the database `bartizan`. Commits survive
/// [`kill`](Self::kill), though not a crash of the machine.
#[derive(Debug)]
pub struct Postgres(Server<Programs>);

impl Postgres {
    /// Starts a server with empty data and returns when it answers, after one or two seconds.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed, or does not come up.
    #[must_use]
    pub fn start() -> Self {
        let mut server = Server::new(Programs::find());
        if let Some(account) = server.program.account {
            account.own(&server.folder);
        }
        server.run(server.program.init(&server.folder));
        server.start();
        let postgres = Self(server);
        postgres.create(DATABASE);
        postgres
    }

    /// Returns the URL of the database `bartizan`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of(DATABASE)
    }

    /// Creates an empty database and returns its URL.
    ///
    /// # Panics
    ///
    /// When the name is not made of `a-z`, `0-9` and `_`, or the database exists.
    #[must_use]
    pub fn create_database(&self, name: &str) -> String {
        self.create(name);
        self.url_of(name)
    }

    /// Shuts it down in good order, disconnecting its clients; nothing happens if it is down.
    pub fn stop(&mut self) {
        self.0.stop();
    }

    /// Kills all its processes at once; nothing happens if it is down.
    pub fn kill(&mut self) {
        self.0.kill();
    }

    /// Stops all its processes (SIGSTOP), so that clients connect and hear nothing.
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

    /// Starts it on the same port and data, after a stop if it runs.
    ///
    /// # Panics
    ///
    /// When it does not come up.
    pub fn restart(&mut self) {
        self.0.restart();
    }

    fn create(&self, name: &str) {
        let plain = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        assert!(name.bytes().all(plain), "{name:?} has other characters than a-z, 0-9 and _");
        let Server { program, folder, port, .. } = &self.0;
        let output = program.client("createdb", folder, *port).arg(name).output();
        let output = output.expect("createdb did not run");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the database {name} was not created: {complaint}");
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.0.port)
    }
}

/// The folder of PostgreSQL's programs and the user they run as.
#[derive(Debug)]
struct Programs {
    folder: PathBuf,
    account: Option<Account>,
}

impl Programs {
    fn find() -> Self {
        // A link in `PATH` leads to the folder where the other programs of its version are.
        let initdb = in_path("initdb").and_then(|file| file.canonicalize().ok());
        let initdb = initdb.or_else(|| in_newest(Path::new(DEBIAN), "initdb"));
        let folder = initdb.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        let folder = folder.expect(
            "PostgreSQL's initdb is neither in PATH nor in /usr/lib/postgresql/*/bin: install it \
             with `apt-get install -y postgresql`",
        );
        Self { folder, account: Account::unprivileged() }
    }

    /// Returns the command that makes the data; `C` is the one locale that is everywhere.
    fn init(&self, folder: &Path) -> Command {
        let mut command = self.server("initdb", folder);
        command.args(["--username=postgres", "--auth=trust", "--no-sync"]);
        command.args(["--encoding=UTF8", "--locale=C"]);
        command
    }

    fn server(&self, name: &str, folder: &Path) -> Command {
        let mut command = Command::new(self.folder.join(name));
        command.arg("-D").arg(folder.join("data"));
        if let Some(account) = self.account {
            account.run(&mut command);
        }
        command
    }

    fn client(&self, name: &str, folder: &Path, port: u16) -> Command {
        let mut command = Command::new(self.folder.join(name));
        command.arg("-h").arg(folder).args(["-U", "postgres", "-p", &port.to_string()]);
        command.stdin(Stdio::null());
        command
    }
}

impl Program for Programs {
    const NAME: &'static str = "PostgreSQL";

    /// The "fast" shutdown, which does not wait for clients to leave.
    const FAREWELL: Signal = Signal::INT;

    fn command(&self, folder: &Path, port: u16) -> Command {
        let mut command = self.server("postgres", folder);
        command.arg("-k").arg(folder).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        for setting in [
            // Safe as long as the machine lives. `synchronous_commit` stays on: without it a
            // killed server forgets commits it has acknowledged.
            "fsync=off",
            "full_page_writes=off",
            "shared_buffers=16MB",
            // In the folder and not in /dev/shm, where a killed server would leave it.
            "dynamic_shared_memory_type=mmap",
        ] {
            command.args(["-c", setting]);
        }
        command
    }

    fn answers(&self, folder: &Path, port: u16) -> bool {
        let output = self.client("pg_isready", folder, port).output();
        output.expect("pg_isready did not run").status.success()
    }
}
