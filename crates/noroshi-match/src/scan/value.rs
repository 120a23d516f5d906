//! One value in the raw bytes: turned away by its shape, or its fingerprint noted.
//!
//! RULE: what is turned away here is nothing that `observe` would have matched.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::masks::{Masks, Shape};
use super::{Candidate, Finder};
use crate::kind::Kind;
use crate::mapping::Plan;

/// The shortest hash, in hexadecimal digits.
const HASH_BYTES_MIN: usize = 32;

impl Finder<'_, '_> {
    /// A value between its marks; `plan` is asked for only where it matters.
    #[inline]
    pub(super) fn value(
        &mut self,
        masks: &Masks,
        line: usize,
        range: Range<usize>,
        plan: impl FnOnce() -> Plan,
    ) -> Option<Plan> {
        let length = range.len();
        if length == 0 {
            return None;
        }
        if length > 64 {
            let plan = plan();
            if self.is_worth_a_look(range.clone(), plan) {
                self.sure(line, range, plan);
            }
            return Some(plan);
        }
        let shape = masks.window(range.start, length);
        let may_be_hash = length >= HASH_BYTES_MIN && self.piece.kinds.has(Kind::Hash);
        if shape.dot | shape.sign | shape.high == 0 && !may_be_hash && !self.piece.wants_fields {
            return None;
        }
        let plan = plan();
        match plan {
            Plan::Skip => {}
            Plan::Shape => self.by_shape(line, range, shape, plan),
            Plan::Kinds(kinds) if kinds.has(Kind::Domain) || kinds.has(Kind::Hash) => {
                if kinds.has_unshaped() || kinds.has(Kind::Url) {
                    self.sure(line, range, plan);
                } else {
                    self.by_shape(line, range, shape, plan);
                }
            }
            Plan::UrlHost if shape.sign | shape.high == 0 => {
                self.by_shape(line, range, shape, plan);
            }
            Plan::Kinds(_) | Plan::Tokens | Plan::UrlHost | Plan::UrlPath => {
                if self.is_worth_a_look(range.clone(), plan) {
                    self.sure(line, range, plan);
                }
            }
        }
        Some(plan)
    }

    #[inline]
    fn by_shape(&mut self, line: usize, range: Range<usize>, shape: Shape, plan: Plan) {
        if shape.high != 0 {
            return self.sure(line, range, plan);
        }
        let Some(bytes) = self.piece.bytes.get(range.clone()) else {
            return;
        };
        let keyed = self.piece.view.keyed();
        if shape.sign != 0 {
            if let Some(ip) = ipv6(bytes) {
                return self.sure_or(line, range, plan, ip);
            }
            if memchr::memchr(b'@', bytes).is_some() || has_scheme(bytes) {
                self.sure(line, range, plan);
            }
            return;
        }
        if shape.dot == 0 {
            if bytes.len() >= HASH_BYTES_MIN && bytes.iter().all(u8::is_ascii_hexdigit) {
                self.push(line, range, plan, keyed.value(Kind::Hash, bytes));
            }
            return;
        }
        if let Some(ip) = ipv4(bytes, shape) {
            let ip = IpAddr::V4(ip);
            if self.piece.view.may_hold_net(ip) {
                return self.sure(line, range, plan);
            }
            return self.push(line, range, plan, keyed.value(Kind::Ipv4, bytes));
        }
        // A final dot is not part of the name.
        let length = bytes.len() - usize::from(bytes.last() == Some(&b'.'));
        let dots = shape.dot & u64::MAX >> (64 - length.max(1));
        if dots == 0 {
            return;
        }
        let last = 63 - dots.leading_zeros();
        let above = dots & !(1 << last);
        let start = if above == 0 {
            0
        } else {
            64 - above.leading_zeros() as usize
        };
        if let Some(labels) = bytes.get(start..length) {
            self.push(line, range, plan, keyed.apex(labels));
        }
    }

    /// Values that no window holds, or in which something is looked for.
    fn is_worth_a_look(&self, range: Range<usize>, plan: Plan) -> bool {
        let Some(bytes) = self.piece.bytes.get(range) else {
            return false;
        };
        let kinds = self.piece.kinds;
        match plan {
            Plan::Skip | Plan::UrlPath => false,
            Plan::UrlHost => true,
            Plan::Tokens => {
                let may_be = |byte: &u8| matches!(byte, b'.' | b':') || *byte >= 0x80;
                bytes.iter().any(may_be) || { kinds.has(Kind::Hash) && bytes.len() >= 32 }
            }
            Plan::Kinds(asked) => {
                let shaped = [Kind::Ipv4, Kind::Ipv6, Kind::Domain, Kind::Url, Kind::Mail];
                asked.bits() & kinds.bits() != 0 || shaped.into_iter().any(|kind| asked.has(kind))
            }
            Plan::Shape => {
                let mut bytes_of_name = bytes.iter().take_while(|byte| is_in_name(**byte));
                bytes_of_name.by_ref().count() == bytes.len()
                    || has_scheme(bytes)
                    || bytes.iter().any(|byte| *byte >= 0x80)
                    || bytes.len() <= 384 && memchr::memchr(b'@', bytes).is_some()
            }
        }
    }

    fn sure_or(&mut self, line: usize, range: Range<usize>, plan: Plan, ip: Ipv6Addr) {
        let keyed = self.piece.view.keyed();
        let ip = ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4);
        if self.piece.view.may_hold_net(ip) {
            return self.sure(line, range, plan);
        }
        let kind = if ip.is_ipv4() { Kind::Ipv4 } else { Kind::Ipv6 };
        let hash = keyed.value(kind, ip.to_string().as_bytes());
        self.push(line, range, plan, hash);
    }

    #[inline]
    fn push(&mut self, line: usize, range: Range<usize>, plan: Plan, hash: u64) {
        self.note(line, range, plan, hash, false);
    }

    fn sure(&mut self, line: usize, range: Range<usize>, plan: Plan) {
        self.note(line, range, plan, 0, true);
    }

    /// A piece is at most one mebibyte, so that its places fit.
    #[inline]
    fn note(&mut self, line: usize, range: Range<usize>, plan: Plan, hash: u64, is_sure: bool) {
        self.candidates.push(Candidate {
            hash,
            start: range.start as u32,
            end: range.end as u32,
            line: line as u32,
            plan,
            is_sure,
        });
    }
}

/// May this byte stand in a name, an address or a hash?
fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':')
}

/// Does `://` stand where it does in URLs?
#[inline]
fn has_scheme(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(20)];
    memchr::memchr(b':', head).is_some_and(|at| bytes[at..].starts_with(b"://"))
}

/// Four numbers as `std` reads them: without leading zeros, each at most 255.
#[inline]
fn ipv4(bytes: &[u8], shape: Shape) -> Option<Ipv4Addr> {
    if shape.dot.count_ones() != 3 || bytes.len() > 15 || !bytes[0].is_ascii_digit() {
        return None;
    }
    let (mut octets, mut at, mut value, mut digits) = ([0_u8; 4], 0, 0_u32, 0);
    for byte in bytes {
        match byte {
            b'.' => {
                *octets.get_mut(at)? = u8::try_from(value).ok()?;
                if digits == 0 {
                    return None;
                }
                (at, value, digits) = (at + 1, 0, 0);
            }
            b'0'..=b'9' => {
                if digits > 0 && value == 0 {
                    return None;
                }
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            _ => return None,
        }
    }
    if digits == 0 {
        return None;
    }
    *octets.get_mut(at)? = u8::try_from(value).ok()?;
    Some(octets.into())
}

/// An address of six, where every byte can be one's.
#[inline]
fn ipv6(bytes: &[u8]) -> Option<Ipv6Addr> {
    let fits = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    if bytes.len() > 45 || !bytes.iter().all(fits) {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}
