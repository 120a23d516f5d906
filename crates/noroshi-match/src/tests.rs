//! One room of tests for each promise.

mod forms;
mod index;
mod kinds;
mod scan;
