//! Bytes a peer sends on a link.
#![no_main]

use libfuzzer_sys::fuzz_target;
use noroshi_model::{NodeId, World};
use noroshi_sync::{Config, Link, LinkState, split_frames};

fuzz_target!(|bytes: &[u8]| {
    let config = Config {
        world: World::Operational,
        me: NodeId::from_bytes([1; 32]),
        peer: NodeId::from_bytes([2; 32]),
        frame_bytes_max: 65_536,
        received_bytes_max: 65_536,
        entries_max: 100,
        in_flight_bytes_max: 65_536,
        retry_after_ms: 1,
    };
    let mut link = Link::new(config, LinkState::default());
    for frame in split_frames(bytes) {
        let _ = link.handle(frame);
    }
    let _ = LinkState::from_bytes(bytes);
});
