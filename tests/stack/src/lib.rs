//! Tests of several layers together; see `tests/it`.
