//! A file from anywhere: split, read, converted; what is admitted is admitted again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use noroshi_formats::stream::Splitter;
use noroshi_formats::{Form, read};
use noroshi_model::Limits;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::DEFAULT;
    for entry in Splitter::new(bytes, limits).flatten() {
        if let Ok((item, _)) = entry.read(&limits) {
            let (again, _) = read(item.canonical(), Form::Stix21, &limits).expect("admitted before");
            assert_eq!(again.hash(), item.hash());
        }
    }
});
