//! A file from anywhere: split, read, converted; what is admitted is admitted again as the same,
//! and so is what stands for it where its type is not known.
#![no_main]

use libfuzzer_sys::fuzz_target;
use noroshi_formats::ontology::fallback;
use noroshi_formats::stream::Splitter;
use noroshi_formats::{Form, read};
use noroshi_model::Limits;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::DEFAULT;
    for entry in Splitter::new(bytes, limits).flatten() {
        if let Ok((item, _)) = entry.read(&limits) {
            let (again, _) = read(item.canonical(), Form::Stix21, &limits).expect("admitted before");
            assert_eq!(again.hash(), item.hash());
            if let Ok(Some(note)) = fallback(&item, &[], &limits) {
                read(note.canonical(), Form::Stix21, &limits).expect("made to be read");
            }
        }
    }
});
