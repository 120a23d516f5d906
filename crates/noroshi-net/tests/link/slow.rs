//! Clients that begin a body and do not go on: whom they keep waiting, and for how long.

use std::time::Duration;

use noroshi_net::listen::Limits;

use crate::door::{Client, FRAMES, door, door_with};

const FRAMES_PATH: &str = "/link/v1/frames";
const PAIR_PATH: &str = "/link/v1/pair";
const RECOVER_PATH: &str = "/link/v1/recover";
const PAIR: &[u8] = b"POST /link/v1/pair HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx";

/// Clause: I5
#[tokio::test]
async fn a_peer_is_heard_twice_at_one_time_and_no_more() {
    let door = door().await;
    let peer = Client::of(&door.peer_key);
    let mut slow = Vec::new();
    for _ in 0..2 {
        slow.push(peer.begin(&door, FRAMES_PATH).await);
    }
    let third = peer.ask(&door, FRAMES).await.unwrap();
    let third = String::from_utf8_lossy(&third).into_owned();
    assert!(third.contains("429"), "{third}");
    // What they began they may end.
    for mut one in slow {
        let text = one.end().await;
        assert!(text.contains("200"), "{text}");
    }
    door.still_answers().await;
}

/// Issue 2: whoever is slow holds no turn. More begin than there are turns, at every path a
/// stranger may ask, and a pairing goes through beside them.
///
/// Clause: I5
#[tokio::test]
async fn strangers_with_slow_bodies_keep_no_pairing_waiting() {
    let limits = Limits {
        stranger_time: Duration::from_secs(600),
        ..Limits::default()
    };
    let door = door_with(limits).await;
    let stranger = Client::of(&door.stranger_key);
    let mut slow = Vec::new();
    for path in [PAIR_PATH, PAIR_PATH, RECOVER_PATH, FRAMES_PATH] {
        slow.push(stranger.begin(&door, path).await);
    }
    assert!(slow.len() > limits.strangers);
    let paired = stranger.ask(&door, PAIR).await.unwrap();
    let paired = String::from_utf8_lossy(&paired).into_owned();
    assert!(paired.contains("200"), "{paired}");
    // They too are heard, once they have said everything; but a stranger without introduction.
    for (mut one, status) in slow.into_iter().zip(["200", "200", "200", "404"]) {
        let text = one.end().await;
        assert!(text.contains(status), "{text}");
    }
    door.still_answers().await;
}

/// Clause: I5
#[tokio::test]
async fn of_too_many_unheard_strangers_the_oldest_is_dropped() {
    let limits = Limits {
        stranger_time: Duration::from_secs(600),
        strangers_waiting: 3,
        ..Limits::default()
    };
    let door = door_with(limits).await;
    let stranger = Client::of(&door.stranger_key);
    let mut slow = Vec::new();
    for path in [FRAMES_PATH, PAIR_PATH, RECOVER_PATH, PAIR_PATH, PAIR_PATH] {
        slow.push(stranger.begin(&door, path).await);
    }
    // Nothing tells one who introduces itself that somebody was there.
    for (one, status) in slow.iter_mut().zip(["404", "429"]) {
        let text = one.answer().await;
        assert!(text.contains(status), "{text}");
    }
    for one in &mut slow[2..] {
        let text = one.end().await;
        assert!(text.contains("200"), "{text}");
    }
    door.still_answers().await;
}

/// Clause: I5
#[tokio::test]
async fn a_stranger_has_a_short_time_and_a_peer_its_own() {
    let limits = Limits {
        stranger_time: Duration::from_millis(50),
        ..Limits::default()
    };
    let door = door_with(limits).await;
    let mut known = Client::of(&door.peer_key).begin(&door, FRAMES_PATH).await;
    let stranger = Client::of(&door.stranger_key);
    for (path, status) in [
        (PAIR_PATH, "408"),
        (RECOVER_PATH, "408"),
        (FRAMES_PATH, "404"),
    ] {
        // It never sends the rest; the door ends it.
        let text = stranger.begin(&door, path).await.answer().await;
        assert!(text.contains(status), "{text}");
    }
    let text = known.end().await;
    assert!(text.contains("200"), "{text}");
    assert!(Limits::default().stranger_time <= Duration::from_secs(5));
}
