//! What the splitter promises, refusals first.

use std::cell::Cell;
use std::rc::Rc;

use noroshi_model::Limits;
use proptest::prelude::*;

use super::{CHUNK_BYTES, RawEntry, Splitter};
use crate::{Form, ReadError};

const ONE: &str = r#"{"type":"identity","name":"a, [b] \"c\" {d"}"#;
const TWO: &str = r#"{"type":"note","content":"\\"}"#;

fn split(bytes: &[u8]) -> Vec<Result<RawEntry, ReadError>> {
    Splitter::new(bytes, Limits::DEFAULT).collect()
}

fn texts(bytes: &[u8]) -> Vec<Result<String, String>> {
    split(bytes)
        .into_iter()
        .map(|entry| match entry {
            Ok(entry) => Ok(String::from_utf8_lossy(&entry.bytes).into_owned()),
            Err(error) => Err(error.to_string()),
        })
        .collect()
}

/// The file yields these whole entries, then ends with an error that says so.
#[track_caller]
fn breaks(text: &str, whole: &[&str], because: &str) {
    let mut outcome = texts(text.as_bytes());
    let last = outcome.pop();
    assert!(
        matches!(&last, Some(Err(error)) if error.contains(because)),
        "{last:?}"
    );
    let whole: Vec<_> = whole.iter().map(|text| Ok((*text).to_owned())).collect();
    assert_eq!(outcome, whole);
}

#[track_caller]
fn yields(text: &str, whole: &[&str]) {
    let whole: Vec<_> = whole.iter().map(|text| Ok((*text).to_owned())).collect();
    assert_eq!(texts(text.as_bytes()), whole, "{text}");
}

#[test]
fn another_encoding_is_refused_with_a_sentence() {
    let utf16 =
        |order: fn(u16) -> [u8; 2]| -> Vec<u8> { ONE.encode_utf16().flat_map(order).collect() };
    let marked = [&[0xff, 0xfe][..], &utf16(u16::to_le_bytes)].concat();
    for bytes in [utf16(u16::to_le_bytes), utf16(u16::to_be_bytes), marked] {
        let expected = "byte 0: the file is UTF-16 or UTF-32: save the file as UTF-8 without a \
                        byte order mark";
        assert_eq!(texts(&bytes), vec![Err(expected.to_owned())]);
    }
    let expected = "byte 0: the file begins with a byte order mark: save the file as UTF-8 \
                    without a byte order mark";
    let marked = format!("\u{feff}{ONE}");
    assert_eq!(texts(marked.as_bytes()), vec![Err(expected.to_owned())]);
}

#[test]
fn an_empty_file_is_no_success() {
    breaks("", &[], "byte 0: the file is empty");
    breaks(" \n\t ", &[], "the file is empty");
    yields(r#"{"type":"bundle","objects":[]}"#, &[]);
    yields("[]", &[]);
}

#[test]
fn what_is_no_list_of_objects_is_refused_at_its_first_byte() {
    breaks("<stix/>", &[], "byte 0: neither a STIX bundle");
    breaks("  id,value\n", &[], "byte 2: neither a STIX bundle");
    breaks("\u{0}", &[], "neither a STIX bundle");
}

/// Clause: I2
#[test]
fn a_file_cut_off_anywhere_yields_what_was_whole_and_the_byte_where_it_ends() {
    let bundle = format!(r#"{{"type":"bundle","objects":[{ONE},{TWO}],"id":"b"}}"#);
    for end in 1..bundle.len() {
        let outcome = texts(&bundle.as_bytes()[..end]);
        let (last, whole) = outcome.split_last().unwrap();
        let error = last.as_ref().unwrap_err();
        let place = format!("byte {end}: the file ends in the middle of what begins at byte ");
        assert!(error.starts_with(&place), "{end}: {error}");
        for (at, entry) in whole.iter().enumerate() {
            assert_eq!(entry.as_deref(), Ok([ONE, TWO][at]), "{end}");
        }
    }
    let start = bundle.find(TWO).unwrap();
    let because = format!("begins at byte {start}: it was cut off; fetch it again");
    breaks(&bundle[..start + 5], &[ONE], &because);
}

#[test]
fn the_list_of_objects_stands_once_however_it_is_spelt() {
    let twice = "the list of objects stands twice";
    for second in [
        "objects",
        "vulnerabilities",
        r"object\u0073",
        r"\u006fbjects",
    ] {
        let text = format!(r#"{{"objects":[{ONE}],"{second}":[{TWO}]}}"#);
        breaks(&text, &[ONE], twice);
    }
    // A first one that is no list makes the whole an object, which the parser then refuses.
    let mixed = format!(r#"{{"objects":1,"objects":[{ONE}]}}"#);
    yields(&mixed, &[&mixed]);
    yields(&format!(r#"{{"object\u0073":[{ONE}]}}"#), &[ONE]);
}

#[test]
fn lost_framing_ends_the_file_and_is_said() {
    let breaks = |text: &str, because: &str| breaks(text, &[ONE], because);
    breaks(
        &format!(r#"{{"objects":[{ONE}{TWO}]}}"#),
        "a comma is missing between",
    );
    breaks(
        &format!(r#"{{"objects":[{ONE},]}}"#),
        "a comma stands before the end",
    );
    breaks(
        &format!(r#"{{"objects":[{ONE}] "id":1}}"#),
        "a comma or brace is missing",
    );
    breaks(
        &format!(r#"{{"objects":[{ONE}],1}}"#),
        "a property name is missing",
    );
    breaks(
        &format!(r#"{{"objects":[{ONE}],"id" 1}}"#),
        "a colon is missing",
    );
    breaks(&format!("{ONE}]"), "neither a STIX bundle");
}

#[test]
fn one_bad_object_does_not_stop_the_others() {
    let bad = r#"{"type": nonsense}"#;
    yields(
        &format!("[{ONE},{bad},7,null,{TWO}]"),
        &[ONE, bad, "7", "null", TWO],
    );
    let long = format!(r#"{{"a":"{}"}}"#, "b".repeat(1_500_000));
    let outcome = texts(format!(r#"{{"objects":[{ONE},{long},{TWO}],"id":"x"}}"#).as_bytes());
    assert_eq!(outcome.len(), 3);
    assert_eq!(outcome[0].as_deref(), Ok(ONE));
    assert_eq!(
        outcome[1].as_deref().unwrap_err(),
        "object 1: `(object)` is longer than the 1000000 bytes allowed (limits.object_bytes) \
         (node limits)"
    );
    assert_eq!(outcome[2].as_deref(), Ok(TWO));
}

#[test]
fn more_objects_than_allowed_are_refused() {
    let limits = Limits {
        objects_max: 2,
        ..Limits::DEFAULT
    };
    let text = "{}\n".repeat(4);
    let outcome: Vec<_> = Splitter::new(text.as_bytes(), limits).collect();
    assert_eq!(outcome.len(), 3);
    let error = outcome[2].as_ref().unwrap_err();
    assert!(error.to_string().contains("more than 2 objects"), "{error}");
    assert_eq!(error.code(), "read.framing");
}

#[test]
fn a_csaf_advisory_is_not_taken_for_the_catalogue() {
    let advisory = r#"{"document":{"title":"t"},"vulnerabilities":[{"cve":"CVE-2024-1"}]}"#;
    breaks(advisory, &[], "a CSAF advisory");
}

/// Clause: I2
#[test]
fn every_way_to_write_several_objects_is_understood() {
    for text in [
        format!(r#"{{"type":"bundle","id":"b","objects":[{ONE},{TWO}]}}"#),
        format!(r#"{{"objects" : [ {ONE} , {TWO} ] , "type":"bundle"}}"#),
        format!("[{ONE}, {TWO}]"),
        format!("{ONE}\n{TWO}\n"),
        format!("{ONE}{TWO}"),
    ] {
        yields(&text, &[ONE, TWO]);
    }
    yields(ONE, &[ONE]);
}

#[test]
fn a_list_inside_an_object_of_its_own_type_is_left_inside() {
    let custom = format!(r#"{{"type":"x-case","objects":[{ONE}],"vulnerabilities":[1]}}"#);
    yields(&custom, &[&custom]);
    let observed = r#"{"objects":{"0":{"type":"file"}},"type":"observed-data"}"#;
    yields(observed, &[observed]);
}

#[test]
fn the_catalogue_is_known_by_its_list_wherever_its_version_stands() {
    for text in [
        r#"{"catalogVersion":"2025.08.25","vulnerabilities":[{"a":1},{"b":2}],"count":2}"#,
        r#"{"vulnerabilities":[{"a":1},{"b":2}],"catalogVersion":"2025.08.25"}"#,
    ] {
        let forms: Vec<Form> = split(text.as_bytes())
            .into_iter()
            .map(|entry| entry.unwrap().form)
            .collect();
        assert_eq!(forms, [Form::Kev, Form::Kev]);
    }
}

/// A reader that fails after what it holds.
struct Failing<'a>(&'a [u8]);

impl std::io::Read for Failing<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() {
            return Err(std::io::Error::other("the cable was pulled"));
        }
        self.0.read(out)
    }
}

#[test]
fn a_reader_that_fails_ends_the_file_with_its_reason() {
    let text = format!("[{ONE},{TWO}");
    let outcome: Vec<_> = Splitter::new(Failing(text.as_bytes()), Limits::DEFAULT).collect();
    assert_eq!(outcome.len(), 3, "{outcome:?}");
    let error = outcome[2].as_ref().unwrap_err().to_string();
    assert!(error.contains("the cable was pulled"), "{error}");
}

/// A reader of one string that does not end for forty million bytes.
struct Endless {
    given: usize,
    asked_max: Rc<Cell<usize>>,
}

impl std::io::Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        const OPENING: &[u8] = br#"{"objects":[{"a":""#;
        self.asked_max.set(self.asked_max.get().max(out.len()));
        if self.given == 0 {
            out[..OPENING.len()].copy_from_slice(OPENING);
            self.given = OPENING.len();
            return Ok(OPENING.len());
        }
        if self.given > 40_000_000 {
            return Ok(0);
        }
        out.fill(b'a');
        self.given += out.len();
        Ok(out.len())
    }
}

/// Clause: I2
#[test]
fn memory_is_bounded_by_the_caps_and_not_by_the_file() {
    let asked_max = Rc::new(Cell::new(0));
    let reader = Endless {
        given: 0,
        asked_max: asked_max.clone(),
    };
    let mut splitter = Splitter::new(reader, Limits::DEFAULT);
    let error = splitter.next().unwrap().unwrap_err().to_string();
    assert!(error.contains("cut off"), "{error}");
    let held = splitter.buffer.capacity();
    assert!(held < 4 * Limits::DEFAULT.object_bytes_max, "{held}");
    assert_eq!(asked_max.get(), CHUNK_BYTES);
    assert!(splitter.next().is_none());
}

/// A reader that gives few bytes at a time.
struct Trickle<'a>(&'a [u8], usize);

impl std::io::Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(self.0.len()).min(out.len());
        out[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

proptest! {
    #[test]
    fn the_size_of_reads_changes_nothing(
        step in 1_usize..200,
        gap in "[ \t\r\n]{0,4}",
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"", "\\", " ", "1", "\"objects\"",
                "\"vulnerabilities\"", "\"type\"", "\"bundle\"", ONE, TWO,
            ]),
            0..30,
        ),
    ) {
        let good = format!(
            r#"{{"a":{{"b":[1,"]}}"]}},{gap}"objects":{gap}[{ONE},{gap}{TWO}]{gap},"z":1}}"#
        );
        prop_assert_eq!(split(good.as_bytes()).into_iter().flatten().count(), 2);
        for text in [good, pieces.concat()] {
            let whole: Vec<_> = split(text.as_bytes()).into_iter().map(settled).collect();
            let trickle = Trickle(text.as_bytes(), step);
            let trickled: Vec<_> =
                Splitter::new(trickle, Limits::DEFAULT).map(settled).collect();
            prop_assert_eq!(whole, trickled, "{}", text);
        }
    }

    #[test]
    fn no_bytes_make_it_panic_or_go_on_for_ever(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut count = 0;
        for entry in Splitter::new(&bytes[..], Limits::DEFAULT) {
            count += 1;
            if let Ok(entry) = entry {
                let _ = entry.read(&Limits::DEFAULT);
            }
        }
        prop_assert!(count <= bytes.len() + 1);
    }
}

/// An outcome as a whole: entries to the byte, errors in words.
fn settled(entry: Result<RawEntry, ReadError>) -> Result<RawEntry, String> {
    entry.map_err(|error| error.to_string())
}
