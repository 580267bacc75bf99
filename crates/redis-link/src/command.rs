use std::borrow::Cow;

use crate::Arg;

/// A command, built argument by argument.
///
/// ```
/// use bartizan_redis_link::Command;
///
/// let command = Command::new("SET").key("greeting").arg("hello").arg("PX").arg(1500);
/// assert_eq!(command.name(), "SET");
/// ```
///
/// All commands share one connection. What would change it for the others is refused with
/// [`is_unsupported`](crate::LinkError::is_unsupported): subscriptions, transactions in several
/// commands, blocking reads, `SELECT`, `AUTH` and their like.
#[derive(Clone, Debug)]
pub struct Command {
    name: Cow<'static, str>,
    args: Vec<Arg>,
    key: Option<usize>,
}

impl Command {
    /// These change the connection, or hold it for as long as they like.
    const UNSUPPORTED: [&str; 29] = [
        "AUTH",
        "BLMOVE",
        "BLMPOP",
        "BLPOP",
        "BRPOP",
        "BRPOPLPUSH",
        "BZMPOP",
        "BZPOPMAX",
        "BZPOPMIN",
        "DISCARD",
        "EXEC",
        "HELLO",
        "MONITOR",
        "MULTI",
        "PSUBSCRIBE",
        "PSYNC",
        "PUNSUBSCRIBE",
        "QUIT",
        "RESET",
        "SELECT",
        "SSUBSCRIBE",
        "SUBSCRIBE",
        "SUNSUBSCRIBE",
        "SYNC",
        "UNSUBSCRIBE",
        "UNWATCH",
        "WAIT",
        "WAITAOF",
        "WATCH",
    ];

    /// Begins a command; a subcommand is its first argument.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), args: Vec::new(), key: None }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<Arg>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds an argument that is a key: a cluster routes the command by the first of them.
    #[must_use]
    pub fn key(mut self, key: impl Into<Arg>) -> Self {
        self.key.get_or_insert(self.args.len());
        self.args.push(key.into());
        self
    }

    /// Adds several arguments.
    #[must_use]
    pub fn args<A: Into<Arg>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn first_key(&self) -> Option<&Arg> {
        self.args.get(self.key?)
    }

    pub(crate) fn is_unsupported(&self) -> bool {
        // The client would send the words of a name apart.
        self.name.contains(char::is_whitespace)
            || self.is_any_of(&Self::UNSUPPORTED)
            || self.is_any_of(&["CLIENT"])
                && self.args.first().is_some_and(|arg| is(arg, "PAUSE") || is(arg, "REPLY"))
            || self.is_any_of(&["XREAD", "XREADGROUP"])
                && self.args.iter().any(|arg| is(arg, "BLOCK"))
    }

    /// Tells whether it runs a script or a function, which may have written before it failed.
    pub(crate) fn is_script(&self) -> bool {
        self.is_any_of(&["EVAL", "EVALSHA", "FCALL"])
    }

    fn is_any_of(&self, names: &[&str]) -> bool {
        names.iter().any(|name| name.eq_ignore_ascii_case(&self.name))
    }

    pub(crate) fn into_parts(self) -> (Cow<'static, str>, Vec<Arg>) {
        (self.name, self.args)
    }
}

fn is(arg: &Arg, word: &str) -> bool {
    arg.as_bytes().eq_ignore_ascii_case(word.as_bytes())
}
