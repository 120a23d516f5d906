//! What there is at a server: its API roots and their collections, as it shows them to this caller.

use std::borrow::Cow;

use noroshi_taxii::client::{
    RemoteCollection, Target, read_collections, read_discovery, read_root,
};

use super::ask::{Asking, Trouble};

/// API roots that are looked at.
const ROOTS_MAX: usize = 32;

/// A collection, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) root: Target,
    pub(crate) root_title: String,
    pub(crate) collection: RemoteCollection,
}

/// Medallion names a root by its word alone, and serves it below `/`.
fn spelled(root: &str) -> Cow<'_, str> {
    let is_word = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.' | b'~');
    let mut parts = root.strip_suffix('/').unwrap_or(root).split('/');
    if parts.all(|part| !part.is_empty() && part.bytes().all(is_word)) {
        Cow::Owned(format!("/{root}"))
    } else {
        Cow::Borrowed(root)
    }
}

/// Where something is at a server that was not looked at, and why.
pub(crate) type Passed = (String, Trouble);

impl Asking<'_> {
    /// Every collection that a server shows. The address may be that of its discovery, of an API
    /// root, or of the host alone.
    pub(crate) fn find(&self, target: &Target) -> Result<(Vec<Found>, Vec<Passed>), Trouble> {
        let bytes = match self.resource(target) {
            Err(trouble) if trouble.code == "absent" || trouble.code == "redirected" => {
                let usual = target.on_it("/taxii2/").ok();
                let usual = usual.filter(|usual| usual != target);
                match usual.map(|usual| self.resource(&usual)) {
                    Some(Ok(bytes)) => bytes,
                    _ => return Err(trouble),
                }
            }
            other => other?,
        };
        let unreadable = |error: &dyn std::fmt::Display| Trouble::new("unreadable", error);
        if read_root(&bytes).is_ok() {
            return Ok((self.collections_of(target)?, Vec::new()));
        }
        let discovery = read_discovery(&bytes).map_err(|error| unreadable(&error))?;
        let (mut found, mut passed) = (Vec::new(), Vec::new());
        for named in discovery.api_roots.iter().take(ROOTS_MAX) {
            let root = match target.on_it(&spelled(named)) {
                Ok(root) => root.folder(),
                Err(fault) => {
                    passed.push((named.clone(), Trouble::new("elsewhere", fault)));
                    continue;
                }
            };
            match self.collections_of(&root) {
                Ok(collections) => found.extend(collections),
                Err(trouble) => passed.push((root.to_string(), trouble)),
            }
        }
        match passed.first() {
            Some((_, trouble)) if found.is_empty() => Err(trouble.clone()),
            _ => Ok((found, passed)),
        }
    }

    fn collections_of(&self, root: &Target) -> Result<Vec<Found>, Trouble> {
        let unreadable = |error: &dyn std::fmt::Display| Trouble::new("unreadable", error);
        let said = read_root(&self.resource(root)?).map_err(|error| unreadable(&error))?;
        if !said.speaks_2_1 {
            return Err(Trouble::new(
                "unacceptable",
                "it does not say that it speaks 2.1",
            ));
        }
        let listed = self.resource(&root.below("collections/"))?;
        let collections = read_collections(&listed).map_err(|error| unreadable(&error))?;
        let found = collections.into_iter().map(|collection| Found {
            root: root.clone(),
            root_title: said.title.clone(),
            collection,
        });
        Ok(found.collect())
    }
}
