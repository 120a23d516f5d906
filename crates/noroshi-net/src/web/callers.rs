//! How many connections come from each address: one caller does not take every seat.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections by address. As many entries as there are connections, at most.
#[derive(Clone, Default)]
pub(super) struct Callers(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One connection of an address, until it is dropped.
pub(super) struct Place {
    callers: Callers,
    from: IpAddr,
}

impl Callers {
    /// One more from there, unless there are as many as may be.
    pub(super) fn admit(&self, from: IpAddr, most: usize) -> Option<Place> {
        let from = network(from);
        let mut counts = self.counts();
        let count = counts.entry(from).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place {
            callers: self.clone(),
            from,
        })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.callers.counts();
        if let Some(count) = counts.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.from);
            }
        }
    }
}

/// Whose address it is: of IPv6 everybody has a network of 64 bits to choose from.
fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let whole = address.to_bits() & !u128::from(u64::MAX);
            Ipv6Addr::from_bits(whole).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_so_many_and_no_more() {
        let callers = Callers::default();
        let from = |text: &str| text.parse::<IpAddr>().unwrap();
        let held: Vec<Place> = (0..2)
            .map(|_| callers.admit(from("192.0.2.1"), 2).unwrap())
            .collect();
        assert!(callers.admit(from("192.0.2.1"), 2).is_none());
        assert!(callers.admit(from("::ffff:192.0.2.1"), 2).is_none());
        assert!(callers.admit(from("192.0.2.2"), 2).is_some());
        let six = callers.admit(from("2001:db8::1"), 1).unwrap();
        assert!(callers.admit(from("2001:db8::ffff:1"), 1).is_none());
        assert!(callers.admit(from("2001:db8:0:1::1"), 1).is_some());
        drop((held, six));
        assert!(callers.counts().is_empty(), "who is gone takes no room");
    }
}
