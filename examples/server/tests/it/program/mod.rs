//! The program itself: its process, its signals, its output.

mod caching;
mod commands;
mod drain;
mod logs;
mod process;
mod refusals;
mod start;
