use super::{DataError, Statement, Transaction, Value};

/// Rows in one statement: enough to hide the round trip, few enough for every database's limit
/// on values.
const ROWS: usize = 50;

/// Inserts any number of records, [`ROWS`] in a statement.
pub(super) async fn insert<R, const N: usize>(
    transaction: &mut Transaction,
    name: &'static str,
    table: &str,
    columns: [&str; N],
    records: impl Iterator<Item = R>,
    values: impl Fn(&R) -> [Value<'_>; N],
) -> Result<(), DataError> {
    let full = Statement::built_write(name, &text(table, &columns, ROWS));
    let mut records = records.peekable();
    while records.peek().is_some() {
        let chunk: Vec<R> = records.by_ref().take(ROWS).collect();
        let row_values: Vec<Value<'_>> = chunk.iter().flat_map(&values).collect();
        if chunk.len() == ROWS {
            transaction.execute(&full, &row_values).await?;
        } else {
            let rest = Statement::built_write(name, &text(table, &columns, chunk.len()));
            transaction.execute(&rest, &row_values).await?;
        }
    }
    Ok(())
}

fn text(table: &str, columns: &[&str], rows: usize) -> String {
    let row = |row: usize| {
        let places = (1..=columns.len()).map(|column| format!("${}", row * columns.len() + column));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO {table} ({}) VALUES {}", columns.join(", "), rows.join(", "))
}
