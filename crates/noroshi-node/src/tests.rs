//! Two nodes in one process, a road between them that a test can bend, and peers that lie.

mod agreements;
mod lies;
mod roads;
mod stage;
