//! Free text: each word of a line by its shape. Syslog, the logs of name servers, and whatever
//! has no columns.

use super::Finder;
use super::masks::Masks;
use crate::mapping::Plan;
use crate::words::words;

/// Look at every line of the piece; how many there are.
pub(super) fn scan(masks: &Masks, finder: &mut Finder<'_, '_>) -> u64 {
    let mut lines = 0;
    let bytes = finder.piece.bytes;
    for line in masks.lines() {
        lines += 1;
        for word in words(&bytes[line.clone()]) {
            let place = line.start + word.start..line.start + word.end;
            finder.value(masks, line.start, place, || Plan::Shape);
        }
    }
    lines
}
