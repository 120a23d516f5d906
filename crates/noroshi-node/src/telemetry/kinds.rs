//! The kinds of logs that the node knows: those of its own folder first, then those that come with
//! the program.

use std::path::Path;

use noroshi_match::{BUILT_IN, Layout, Mapping, recognise};

use crate::command::Failure;
use crate::home::in_folder;
use crate::node::Node;

/// Largest file of a mapping, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// Most mappings of a node's own.
const OWN_MAX: usize = 64;

/// Every mapping there is.
pub(super) struct Kinds {
    mappings: Vec<Mapping>,
    /// How many of them are the node's own.
    pub(super) own: usize,
}

impl Kinds {
    /// Those of this folder, and those of the program.
    pub(super) fn read(home: &Path) -> Result<Self, Failure> {
        let folder = home.join("sources");
        let is_mapping =
            |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "toml");
        let files: Vec<_> = in_folder(&folder).into_iter().filter(is_mapping).collect();
        if files.len() > OWN_MAX {
            return Err(invalid(&folder, &format!("more than {OWN_MAX} files")));
        }
        let mut mappings: Vec<Mapping> = Vec::new();
        for file in &files {
            let mapping = own(file)?;
            if mappings.iter().any(|known| known.name() == mapping.name()) {
                let name = mapping.name();
                return Err(invalid(
                    file,
                    &format!("`{name}` is the name of two files; change one"),
                ));
            }
            mappings.push(mapping);
        }
        let own = mappings.len();
        mappings.extend(BUILT_IN.iter().map(|text| {
            Mapping::from_toml(text).expect("invariant: the program's own mappings are tested")
        }));
        Ok(Self { mappings, own })
    }

    pub(super) fn all(&self) -> &[Mapping] {
        &self.mappings
    }

    /// The mapping of this name with the layout that the first lines show; of two of one name the
    /// node's own.
    pub(super) fn named(&self, name: &str, head: &[u8]) -> Result<(Mapping, Layout), Failure> {
        let found = self.mappings.iter().find(|mapping| mapping.name() == name);
        let Some(mapping) = found else {
            let known: Vec<&str> = self.mappings.iter().map(Mapping::name).collect();
            let known = format!("auto, {}", known.join(", "));
            return Err(Failure::new(
                "source.format",
                2,
                format_args!("there is no format `{name}`; write one of: {known}"),
            )
            .arg("format", name)
            .arg("known", known));
        };
        let shown = recognise(head, std::slice::from_ref(mapping)).map(|it| it.layout);
        let layout = shown.or(mapping.layouts().first().copied());
        Ok((mapping.clone(), layout.unwrap_or(Layout::Text)))
    }

    /// What the first lines show.
    pub(super) fn recognised(&self, head: &[u8]) -> Option<(Mapping, Layout)> {
        let it = recognise(head, &self.mappings)?;
        Some((self.mappings[it.mapping].clone(), it.layout))
    }
}

fn own(file: &Path) -> Result<Mapping, Failure> {
    let size = std::fs::metadata(file).map(|meta| meta.len());
    if size.is_ok_and(|size| size > FILE_BYTES_MAX) {
        return Err(invalid(file, "is larger than 64 KiB"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| invalid(file, &error.to_string()))?;
    Mapping::from_toml(&text).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        invalid(file, &format!("{error}{}", cause.unwrap_or_default()))
    })
}

fn invalid(file: &Path, problem: &str) -> Failure {
    let shown = file.display();
    Failure::new("source.invalid", 2, format_args!("{shown}: {problem}"))
        .arg("file", shown)
        .arg("problem", problem)
}

impl Node {
    /// The kinds of logs that are known now.
    pub(super) fn kinds(&self) -> Result<Kinds, Failure> {
        Kinds::read(self.home().path())
    }
}
