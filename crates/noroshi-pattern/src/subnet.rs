//! Addresses and networks for ISSUBSET and ISSUPERSET (9.6.1).

use core::net::IpAddr;

/// A network; a single address is one with its whole length as prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subnet {
    /// The network's bits; those past the prefix are 0.
    bits: u128,
    prefix: u8,
    width: u8,
}

impl Subnet {
    /// An address, or an address with a prefix length; bits past the prefix may be set.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let (bits, width) = match address.parse::<IpAddr>().ok()? {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        let prefix = match prefix {
            Some(digits) => {
                let is_plain =
                    (1..=3).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit());
                is_plain.then(|| digits.parse().ok()).flatten()?
            }
            None => width,
        };
        (prefix <= width).then(|| Self {
            bits: masked(bits, prefix, width),
            prefix,
            width,
        })
    }

    /// Does all of the other lie in this one?
    pub(crate) fn contains(&self, other: &Self) -> bool {
        self.width == other.width
            && self.prefix <= other.prefix
            && masked(other.bits, self.prefix, self.width) == self.bits
    }
}

fn masked(bits: u128, prefix: u8, width: u8) -> u128 {
    let free = u32::from(width - prefix);
    bits.checked_shr(free)
        .unwrap_or(0)
        .checked_shl(free)
        .unwrap_or(0)
}
