//! Bad input and load: whatever a log does, lines are whole, bounded, and looked at once.

use noroshi_match::LINE_BYTES_MAX;
use noroshi_model::Timestamp;

use super::lines::Lines;
use super::seen::seen;
use super::watch::Note;

/// Whole lines as they are given out for pieces of any size, with their places.
fn lines(bytes: &[u8], piece: usize) -> (Vec<(u64, Vec<u8>)>, u64) {
    let (mut lines, mut given) = (Lines::default(), Vec::new());
    for bytes in bytes.chunks(piece) {
        let outcome: Result<(), ()> = lines.push(bytes, |at, whole| {
            given.push((at, whole.to_vec()));
            Ok(())
        });
        outcome.unwrap();
    }
    let outcome: Result<(), ()> = lines.end(|at, line| {
        given.push((at, line.to_vec()));
        Ok(())
    });
    outcome.unwrap();
    (given, lines.overlong)
}

#[test]
fn lines_are_whole_whatever_the_pieces_and_know_their_places() {
    let text = b"one\ntwo\r\n\n\0\xff\nfive without an end";
    for piece in 1..text.len() + 1 {
        let (given, overlong) = lines(text, piece);
        let joined: Vec<u8> = given.iter().flat_map(|(_, whole)| whole.clone()).collect();
        assert_eq!((joined.as_slice(), overlong), (&text[..], 0), "{piece}");
        for (at, whole) in given {
            assert_eq!(
                &text[at as usize..at as usize + whole.len()],
                whole.as_slice()
            );
        }
    }
}

#[test]
fn an_enormous_line_is_counted_kept_nowhere_and_the_next_one_is_whole() {
    let mut text = vec![b'x'; 3 * LINE_BYTES_MAX];
    text.extend(b"\nnext\n");
    for piece in [1000, 64 * 1024, LINE_BYTES_MAX - 1] {
        let (given, overlong) = lines(&text, piece);
        assert_eq!(overlong, 1);
        assert_eq!(given, [(3 * LINE_BYTES_MAX as u64 + 1, b"next\n".to_vec())]);
    }
}

#[test]
fn the_time_of_a_line_is_read_where_it_says_one() {
    let at = |text: &str| seen(text.as_bytes());
    let is = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    let whole = "2018-03-24T17:15:20.865716Z";
    assert_eq!(at(r#"{"ts":"2018-03-24T17:15:20.865716Z"}"#), is(whole));
    assert_eq!(
        at(r#"{"timestamp":"2018-03-24T19:15:20.865716+0200"}"#),
        is(whole)
    );
    assert_eq!(at("<34>1 2018-03-24T10:15:20.865716-07:00 host"), is(whole));
    assert_eq!(at(r#"{"ts":1521911720.865716,"uid":"x"}"#), is(whole));
    assert_eq!(at("1521911720.865716\tC1\t10.0.0.1"), is(whole));
    assert_eq!(
        at("2018-03-24 17:15:20,10.0.0.1"),
        is("2018-03-24T17:15:20Z")
    );
    for none in [
        "",
        "Nov 25 10:00:00 gw x",
        "9999-99-99T99:99:99Z",
        "2018-03-24T17:15:2",
    ] {
        assert_eq!(at(none), None, "{none}");
    }
}

/// What is written today is read for ever.
#[test]
fn how_far_a_source_was_read_keeps_its_form() {
    let frozen = r#"{"version":1,"files":{"/var/log/a":{"inode":7,"offset":9}}}"#;
    let note: Note = serde_json::from_str(frozen).unwrap();
    let place = note.files[std::path::Path::new("/var/log/a")];
    assert_eq!((place.inode, place.offset), (7, 9));
    assert_eq!(serde_json::to_string(&note).unwrap(), frozen);
    let more = frozen.replace("\"offset\"", "\"more\":1,\"offset\"");
    assert!(serde_json::from_str::<Note>(&more).is_err());
}
