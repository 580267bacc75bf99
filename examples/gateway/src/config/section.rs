//! Reads a table field by field, so that whatever is wrong is named with what was expected.

use toml::{Table, Value};

use super::{ConfigError, Secret};

/// A table of the configuration, of which each field is taken once.
#[derive(Debug)]
pub(super) struct Section {
    path: String,
    table: Table,
    known: Vec<&'static str>,
}

impl Section {
    pub(super) fn new(path: impl Into<String>, table: Table) -> Self {
        Self { path: path.into(), table, known: Vec::new() }
    }

    /// Whether nothing was written in it.
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    pub(super) fn field(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn remove(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.table.remove(name)
    }

    /// Takes a field; `None` where it is absent.
    pub(super) fn take<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.remove(name) else { return Ok(None) };
        let wrong = || ConfigError::wrong(self.field(name), Some(shown(&value)), expected);
        read(&value).ok_or_else(wrong).map(Some)
    }

    /// Takes a field whose value is never shown.
    pub(super) fn take_secret<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.remove(name) else { return Ok(None) };
        let wrong = || ConfigError::wrong(self.field(name), None, expected);
        value.as_str().and_then(read).ok_or_else(wrong).map(Some)
    }

    /// Takes a whole number within bounds.
    pub(super) fn number(
        &mut self,
        name: &'static str,
        unit: &str,
        bounds: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, ConfigError> {
        let expected = format!("{unit} from {} to {}", bounds.start(), bounds.end());
        self.take(name, &expected, |value| {
            let number = u64::try_from(value.as_integer()?).ok()?;
            bounds.contains(&number).then_some(number)
        })
    }

    /// Takes a list of texts.
    pub(super) fn texts<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Vec<T>>, ConfigError> {
        self.take(name, expected, |value| {
            value.as_array()?.iter().map(|item| item.as_str().and_then(&read)).collect()
        })
    }

    /// Takes a table; an absent one is empty.
    pub(super) fn section(&mut self, name: &'static str) -> Result<Self, ConfigError> {
        let path = self.field(name);
        let table = self.take(name, "a table", |value| value.as_table().cloned())?;
        Ok(Self::new(path, table.unwrap_or_default()))
    }

    /// Takes a list of tables. What stands in its place is not shown, for it may be the secret that
    /// belongs into one.
    pub(super) fn sections(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Vec<Self>>, ConfigError> {
        let path = self.field(name);
        let Some(value) = self.remove(name) else { return Ok(None) };
        let tables: Option<Vec<Table>> = value
            .as_array()
            .and_then(|items| items.iter().map(|item| item.as_table().cloned()).collect());
        let tables = tables.ok_or_else(|| ConfigError::wrong(&path, None, "a list of tables"))?;
        let numbered = tables.into_iter().enumerate();
        Ok(Some(numbered.map(|(at, table)| Self::new(format!("{path}[{at}]"), table)).collect()))
    }

    /// What nobody has taken, for whoever reads the rest by other means.
    pub(super) fn rest(self) -> Table {
        self.table
    }

    /// Refuses what nobody has taken.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        match self.table.keys().next() {
            Some(name) => Err(ConfigError::unknown(self.field(name), &self.known)),
            None => Ok(()),
        }
    }
}

/// A value as it may stand in an error.
fn shown(value: &Value) -> String {
    match value {
        // A URL with a password, wherever it was written.
        Value::String(text) if text.contains('@') => format!("{:?}", Secret::MASK),
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Datetime(time) => time.to_string(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(_) => "a table".to_owned(),
    }
}
