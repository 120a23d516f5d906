//! One room of tests for each promise.

mod export;
mod forms;
mod index;
mod kinds;
mod scan;
