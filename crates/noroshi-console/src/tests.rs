//! The console over a node in a folder of its own: doors, people, words, hostile texts.

mod doors;
mod hostile;
mod people;
mod stage;
mod words;
