//! Lists of a coalition's members: which one stands, and what a new one does to it.

use noroshi_gate::Coalitions;
use noroshi_model::{Coalition, Membership, NodeId, Timestamp, World};

fn day(day: i64) -> Timestamp {
    Timestamp::from_micros(day * 86_400_000_000)
}

fn fvey() -> Coalition {
    "FVEY".parse().expect("four letters")
}

fn list(serial: u64, nations: &[&str], from: i64, until: i64) -> Membership {
    Membership {
        world: World::Operational,
        coalition: fvey(),
        serial,
        title: "t".to_owned(),
        nations: nations
            .iter()
            .map(|code| code.parse().expect("three letters"))
            .collect(),
        valid_from: day(from),
        valid_until: day(until),
        by: NodeId::from_bytes([1; 32]),
        at: day(0),
    }
}

#[test]
fn the_highest_serial_that_has_begun_stands_while_it_lasts() {
    let lists = Coalitions::new([
        list(1, &["USA"], 0, 100),
        list(3, &["USA"], 20, 30),
        list(2, &["USA"], 10, 100),
    ]);
    let stands = |at: i64| lists.in_force(fvey(), day(at)).map(|list| list.serial);
    assert_eq!(stands(-1), None);
    assert_eq!([stands(0), stands(9)], [Some(1), Some(1)]);
    assert_eq!([stands(10), stands(19)], [Some(2), Some(2)]);
    assert_eq!([stands(20), stands(29)], [Some(3), Some(3)]);
    // It has run out; the one before does not come back.
    assert_eq!(stands(30), None);
    let acgu = "ACGU".parse().expect("four letters");
    assert_eq!(lists.in_force(acgu, day(0)), None);
    assert_eq!((lists.last_serial(fvey()), lists.last_serial(acgu)), (3, 0));
}

#[test]
fn only_what_names_fewer_and_lasts_no_longer_narrows() {
    let kept = Coalitions::new([list(1, &["AUS", "GBR", "USA"], 0, 100)]);
    let narrows = |new: &Membership| kept.only_narrows(new);
    assert!(!Coalitions::default().only_narrows(&list(1, &[], 0, 1)));
    assert!(!narrows(&list(2, &["JPN", "USA"], 0, 100)));
    assert!(!narrows(&list(2, &["USA"], 0, 101)));
    assert!(!narrows(&list(2, &["USA"], -1, 100)));
    assert!(narrows(&list(2, &["USA"], 0, 100)));
    assert!(narrows(&list(2, &["AUS", "GBR", "USA"], 0, 100)));
    assert!(narrows(&list(2, &[], 50, 60)));
    // One kept for later counts too.
    let later = Coalitions::new([list(1, &["GBR", "USA"], 0, 100), list(2, &["USA"], 50, 80)]);
    assert!(!later.only_narrows(&list(3, &["GBR"], 60, 70)));
    assert!(later.only_narrows(&list(3, &["USA"], 60, 70)));
}
