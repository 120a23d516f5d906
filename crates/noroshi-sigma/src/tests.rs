//! Rules are read as they are meant, and their patterns find what they find.

mod agreement;
mod convert;
mod read;
