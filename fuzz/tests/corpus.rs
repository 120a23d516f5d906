//! The corpus, input by input: nothing in it makes a decoder fail, and each decoder takes something
//! of it, so that what is made from it gets behind the first check.

use std::path::{Path, PathBuf};

use noroshi_fuzz::TARGETS;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Clause: I5
#[test]
fn every_decoder_bears_its_corpus_and_takes_something_of_it() {
    for target in TARGETS {
        let folder = corpus().join(target.name);
        let files =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
        let taken = files
            .map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .filter(|bytes| (target.run)(bytes))
            .count();
        assert!(taken > 0, "{} takes nothing of its corpus", target.name);
    }
}

#[test]
fn every_folder_of_the_corpus_has_its_decoder() {
    for folder in std::fs::read_dir(corpus()).unwrap() {
        let name = folder.unwrap().file_name();
        let known = TARGETS.iter().any(|target| name == target.name);
        assert!(known, "{name:?}");
    }
}

/// Any short input and any cut of the corpus: nobody panics.
#[test]
fn no_decoder_fails_at_the_end_of_its_input() {
    for target in TARGETS {
        for file in std::fs::read_dir(corpus().join(target.name)).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let step = (bytes.len() / 100).max(1);
            for end in (0..bytes.len()).step_by(step) {
                (target.run)(&bytes[..end]);
                (target.run)(&bytes[end..]);
            }
        }
    }
}
