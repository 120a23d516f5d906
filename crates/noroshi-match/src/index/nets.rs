//! Which prefix lengths there are, and under which first sixteen bits: what an address is asked
//! before any block of addresses is looked for. Atomic, so that a block can be added meanwhile.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::normal::{masked_v4, masked_v6};

/// Words of a bit for each value of sixteen bits.
const WORDS: usize = 1024;

/// Blocks of addresses of one family.
struct Family {
    /// A bit for each prefix length, up to 128.
    lengths: [AtomicU64; 3],
    /// A bit for each first sixteen bits under which there is a block.
    heads: Box<[AtomicU64]>,
}

impl Family {
    fn new() -> Self {
        Self {
            lengths: std::array::from_fn(|_| AtomicU64::new(0)),
            heads: (0..WORDS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    fn add(&self, head: u16, prefix: u8) {
        let span = 1_u32 << 16_u8.saturating_sub(prefix);
        for head in (u32::from(head)..u32::from(head) + span).filter(|head| *head < 1 << 16) {
            let (word, bit) = (head as usize / 64, head % 64);
            self.heads[word].fetch_or(1 << bit, Ordering::Release);
        }
        let (word, bit) = (usize::from(prefix / 64), prefix % 64);
        self.lengths[word].fetch_or(1 << bit, Ordering::Release);
    }

    #[inline]
    fn may_hold(&self, head: u16) -> bool {
        let word = self.heads[usize::from(head / 64)].load(Ordering::Acquire);
        word & 1 << (head % 64) != 0
    }

    /// The prefix lengths there are, longest first.
    fn lengths(&self) -> impl Iterator<Item = u8> {
        (0..=128_u8).rev().filter(|length| {
            let word = self.lengths[usize::from(length / 64)].load(Ordering::Acquire);
            word & 1 << (length % 64) != 0
        })
    }
}

pub(crate) struct Nets {
    v4: Family,
    v6: Family,
}

impl Nets {
    pub(crate) fn new() -> Self {
        Self {
            v4: Family::new(),
            v6: Family::new(),
        }
    }

    pub(crate) fn add(&self, ip: IpAddr, prefix: u8) {
        match ip {
            IpAddr::V4(ip) => self.v4.add(head_v4(ip), prefix),
            IpAddr::V6(ip) => self.v6.add(ip.segments()[0], prefix),
        }
    }

    #[inline]
    pub(crate) fn may_hold(&self, ip: IpAddr) -> bool {
        match ip {
            IpAddr::V4(ip) => self.v4.may_hold(head_v4(ip)),
            IpAddr::V6(ip) => self.v6.may_hold(ip.segments()[0]),
        }
    }

    /// The blocks that could hold the address, longest prefix first.
    pub(crate) fn around(&self, ip: IpAddr) -> impl Iterator<Item = (IpAddr, u8)> {
        let family = match ip {
            IpAddr::V4(_) => &self.v4,
            IpAddr::V6(_) => &self.v6,
        };
        family
            .lengths()
            .filter(move |prefix| ip.is_ipv6() || *prefix <= 32)
            .map(move |prefix| (masked(ip, prefix), prefix))
    }
}

fn head_v4(ip: Ipv4Addr) -> u16 {
    let [first, second, ..] = ip.octets();
    u16::from_be_bytes([first, second])
}

fn masked(ip: IpAddr, prefix: u8) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => masked_v4(ip, prefix).into(),
        IpAddr::V6(ip) => masked_v6(ip, prefix).into(),
    }
}

/// The bytes by which a block has its fingerprint: address, then prefix.
pub(crate) fn net_bytes(ip: IpAddr, prefix: u8) -> ([u8; 17], usize) {
    let mut bytes = [0; 17];
    let length = match ip {
        IpAddr::V4(ip) => {
            bytes[..4].copy_from_slice(&Ipv4Addr::octets(&ip));
            4
        }
        IpAddr::V6(ip) => {
            bytes[..16].copy_from_slice(&Ipv6Addr::octets(&ip));
            16
        }
    };
    bytes[length] = prefix;
    (bytes, length + 1)
}
