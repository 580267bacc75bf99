//! An extractor that describes itself.
//!
//! A crate of its own, since a promise of `bartizan-contract` spans two crates that do not know
//! each other: this one implements `DescribeInput`, `bartizan-describe` reads it by a trait of its
//! own, and only the tests of the latter see both.

mod page;

pub use page::Page;
