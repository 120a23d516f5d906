//! Records that are read page by page.

use noroshi_store::{ReadError, RecordKind, Viewer, WriteError};

use super::open;

/// A key that changed on the disk, in the index, once led back to rows before it, for ever. What is
/// passed over without a word `verify_structure` finds.
///
/// Clause: I5
#[test]
fn whoever_reads_records_on_comes_to_an_end_whichever_bit_of_a_key_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("noroshi.db");
    let key = |number: u8| [b"key".as_slice(), &[number]].concat();
    let value = |number: u8| [b"and its value".as_slice(), &[number]].concat();
    let store = open(folder.path());
    let put = store.write(|tx| {
        (1..=8).try_for_each(|number| tx.put(RecordKind::Receipt, &key(number), &value(number)))
    });
    put.map_err(|error: WriteError| error.to_string()).unwrap();
    store.close().unwrap();
    let whole = std::fs::read(&path).unwrap();
    let read = || -> Result<usize, ReadError> {
        let store = open(folder.path());
        let reader = store.read(&Viewer::node())?;
        let (mut behind, mut count) = (Vec::new(), 0);
        for _ in 0..20 {
            let page = reader.records_behind(RecordKind::Receipt, b"k", &behind, 2)?;
            let Some((last, _)) = page.last() else {
                return Ok(count);
            };
            behind.clone_from(last);
            count += page.len();
        }
        panic!("it does not end");
    };
    assert_eq!(read().unwrap(), 8);
    let sought = key(6);
    let places = whole.windows(sought.len()).enumerate();
    let places: Vec<usize> = places
        .filter_map(|(at, part)| (part == sought).then_some(at))
        .collect();
    assert!(places.len() >= 2, "in the row and in the index");
    let mut noticed = 0;
    for at in places {
        for (byte, bit) in (0..sought.len()).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
            let mut changed = whole.clone();
            changed[at + byte] ^= 1 << bit;
            std::fs::write(&path, &changed).unwrap();
            noticed += u32::from(matches!(read(), Err(ReadError::Damaged(_))));
        }
    }
    assert!(noticed > 0);
}
