use std::sync::atomic::{AtomicBool, Ordering};

use bartizan_redis_link::{Arg, Link, LinkError, Script, Value};

/// The scripts of the store and of the backplane.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) write: Script,
    pub(super) bury: Urgent,
    pub(super) open: Urgent,
    pub(super) issue: Urgent,
    pub(super) mark: Urgent,
    pub(super) marks: Urgent,
    /// Not urgent: where a value finds no room, nobody should wait for whoever loads it.
    pub(super) lock: Script,
    pub(super) unlock: Script,
    /// Whether the server does not know flags, as far as has been seen.
    flagless: AtomicBool,
}

/// A script that also writes when Redis is full: what says that something is outdated must not
/// fail. It is small, and ends by itself.
#[derive(Debug)]
pub(super) struct Urgent {
    flagged: Script,
    /// For servers that do not know flags. They refuse it when they are full.
    plain: Script,
}

const CONTROL: &str = include_str!("script/control.lua");

const FLAGS: &str = "#!lua flags=allow-oom\n";

impl Scripts {
    pub(super) fn new() -> Self {
        let control = |script: &str| Urgent::new(&[CONTROL, script].concat());
        let write = include_str!("script/write.lua");
        Self {
            write: Script::new(write),
            bury: Urgent::new(write),
            open: control(include_str!("script/open.lua")),
            issue: control(include_str!("script/issue.lua")),
            mark: control(include_str!("script/mark.lua")),
            marks: control(include_str!("script/marks.lua")),
            lock: Script::new(include_str!("script/lock.lua")),
            unlock: Script::new(include_str!("script/unlock.lua")),
            flagless: AtomicBool::new(false),
        }
    }

    /// Runs a script, full or not.
    pub(super) async fn run(
        &self,
        link: &Link,
        script: &Urgent,
        keys: Vec<String>,
        args: Vec<Arg>,
    ) -> Result<Value, LinkError> {
        if !self.flagless.load(Ordering::Relaxed) {
            match link.run(&script.flagged, keys.clone(), args.clone()).await {
                Err(error) if knows_no_flags(&error) => {
                    self.flagless.store(true, Ordering::Relaxed);
                }
                result => return result,
            }
        }
        link.run(&script.plain, keys, args).await
    }
}

impl Urgent {
    fn new(source: &str) -> Self {
        Self { flagged: Script::new([FLAGS, source].concat()), plain: Script::new(source) }
    }
}

/// Flags are no Lua, and came with Redis 7. Nothing was executed then.
fn knows_no_flags(error: &LinkError) -> bool {
    let said = error.server_error().map_or("", |error| error.message());
    said.starts_with("ERR") && (said.contains("compiling script") || said.contains("shebang"))
}
