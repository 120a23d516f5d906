//! The console over a node in a folder of its own: doors, people, words, hostile texts.

mod administer;
mod doors;
mod hostile;
mod live;
mod people;
mod stage;
mod words;
