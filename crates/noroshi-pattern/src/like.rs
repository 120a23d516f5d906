//! LIKE (9.6.1): the whole value, `%` for any characters or none, `_` for one.

use unicode_normalization::UnicodeNormalization as _;

/// A LIKE pattern, in normal form C.
#[derive(Clone, Debug)]
pub(crate) struct Like(Vec<char>);

impl Like {
    pub(crate) fn new(text: &str) -> Self {
        let mut shape = Vec::with_capacity(text.len());
        for c in text.nfc() {
            // Two in a row say no more than one.
            if c != '%' || shape.last() != Some(&'%') {
                shape.push(c);
            }
        }
        Self(shape)
    }

    /// Does it describe all of a text that is in normal form C? Going back only to the last `%`,
    /// the work is at most the product of both lengths.
    pub(crate) fn describes(&self, text: impl Iterator<Item = char> + Clone) -> bool {
        let shape = &self.0;
        let mut rest = text;
        let mut at = 0;
        let mut retry = None;
        loop {
            let here = rest.clone();
            match (rest.next(), shape.get(at)) {
                (_, Some('%')) => {
                    rest = here.clone();
                    at += 1;
                    retry = Some((at, here));
                    if at == shape.len() {
                        return true;
                    }
                }
                (Some(c), Some(wanted)) if *wanted == '_' || *wanted == c => at += 1,
                (None, None) => return true,
                (None, Some(_)) => return false,
                (Some(_), _) => match &mut retry {
                    Some((after, from)) => {
                        from.next();
                        rest = from.clone();
                        at = *after;
                    }
                    None => return false,
                },
            }
        }
    }
}
