//! Indicators from a text, one a line: the form of most public lists.

use crate::index::{BuildError, Builder};
use crate::normal::{Atom, Unfit};

/// What came of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Lines that became indicators; equal ones are counted each time.
    pub taken: u64,
    /// Lines that did not, by reason.
    pub refused: Vec<(Unfit, u64)>,
}

/// Put every line into the builder, tagged with its number from zero. What stands behind a tab or
/// a `#` is a remark; empty lines are passed over.
pub fn load_list(text: &str, builder: &mut Builder) -> Result<Loaded, BuildError> {
    let mut loaded = Loaded::default();
    for (number, line) in text.lines().enumerate() {
        let entry = line.split(['\t', '#']).next().unwrap_or_default().trim();
        if entry.is_empty() {
            continue;
        }
        match Atom::written(entry) {
            Ok(atom) => {
                builder.add(&atom, u32::try_from(number).unwrap_or(u32::MAX))?;
                loaded.taken += 1;
            }
            Err(unfit) => match loaded.refused.iter_mut().find(|(known, _)| *known == unfit) {
                Some((_, count)) => *count += 1,
                None => loaded.refused.push((unfit, 1)),
            },
        }
    }
    Ok(loaded)
}
