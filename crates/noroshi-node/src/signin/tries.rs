//! Wrong tries at signing in: slowed down for each person and each address, in memory.

use std::collections::BTreeMap;
use std::net::IpAddr;

use noroshi_model::{PersonId, Timestamp};

/// Wrong tries in a row before a person waits.
const PERSON_WRONG_MAX: u32 = 5;
/// How long a person then waits.
const PERSON_WAIT_SECONDS: i64 = 15 * 60;
/// Wrong tries from one address in [`ADDRESS_SECONDS`].
const ADDRESS_WRONG_MAX: u32 = 20;
const ADDRESS_SECONDS: i64 = 60;
/// Addresses that are remembered; when more try, all of them are forgotten together.
const ADDRESSES_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Wrong {
    count: u32,
    since: Timestamp,
}

/// What was tried in vain of late. After a restart everyone begins anew.
#[derive(Debug, Default)]
pub(crate) struct SigninTries {
    persons: BTreeMap<PersonId, Wrong>,
    addresses: BTreeMap<IpAddr, Wrong>,
}

impl SigninTries {
    /// How many seconds somebody has to wait before the next try; 0: none.
    pub(super) fn wait(&self, person: Option<&PersonId>, from: IpAddr, now: Timestamp) -> i64 {
        let person = person.and_then(|person| self.persons.get(person));
        let person = person.filter(|wrong| wrong.count >= PERSON_WRONG_MAX);
        let address = self.addresses.get(&from);
        let address = address.filter(|wrong| wrong.count >= ADDRESS_WRONG_MAX);
        let left = |wrong: Option<&Wrong>, seconds| {
            wrong.map_or(0, |wrong| {
                let end = wrong.since.plus_seconds(seconds).micros();
                (end - now.micros()).div_euclid(1_000_000) + 1
            })
        };
        let person = left(person, PERSON_WAIT_SECONDS);
        person.max(left(address, ADDRESS_SECONDS)).max(0)
    }

    /// One more wrong try. Is it the one that locks a person out?
    pub(super) fn wrong(
        &mut self,
        person: Option<&PersonId>,
        from: IpAddr,
        now: Timestamp,
    ) -> bool {
        if self.addresses.len() >= ADDRESSES_MAX {
            self.addresses.clear();
        }
        let fresh = Wrong {
            count: 0,
            since: now,
        };
        let address = self.addresses.entry(from).or_insert(fresh);
        if address.since.plus_seconds(ADDRESS_SECONDS) <= now {
            *address = fresh;
        }
        address.count = address.count.saturating_add(1);
        let Some(person) = person else { return false };
        let known = self.persons.entry(person.clone()).or_insert(fresh);
        if known.count >= PERSON_WRONG_MAX {
            // It has waited, or it would not have been tried.
            *known = fresh;
        }
        known.count += 1;
        known.since = now;
        known.count == PERSON_WRONG_MAX
    }

    /// A person has signed in.
    pub(super) fn right(&mut self, person: &PersonId) {
        self.persons.remove(person);
    }
}

#[cfg(test)]
mod tests {
    use super::{ADDRESS_WRONG_MAX, PERSON_WRONG_MAX, SigninTries};
    use noroshi_model::{PersonId, Timestamp};
    use std::net::{IpAddr, Ipv4Addr};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn address(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    #[test]
    fn a_person_waits_after_five_wrong_tries_from_anywhere_and_nobody_else_does() {
        let (sato, suzuki): (PersonId, PersonId) =
            ("sato".parse().unwrap(), "suzuki".parse().unwrap());
        let mut tries = SigninTries::default();
        for n in 1..=PERSON_WRONG_MAX {
            assert_eq!(tries.wait(Some(&sato), address(200), at(0)), 0);
            let locks = tries.wrong(Some(&sato), address(u8::try_from(n).unwrap()), at(0));
            assert_eq!(locks, n == PERSON_WRONG_MAX);
        }
        assert!(tries.wait(Some(&sato), address(200), at(1)) > 800);
        assert_eq!(tries.wait(Some(&suzuki), address(200), at(1)), 0);
        assert_eq!(tries.wait(Some(&sato), address(200), at(901)), 0);
        assert!(!tries.wrong(Some(&sato), address(1), at(901)));
    }

    #[test]
    fn who_signs_in_begins_anew() {
        let sato: PersonId = "sato".parse().unwrap();
        let mut tries = SigninTries::default();
        for _ in 1..PERSON_WRONG_MAX {
            tries.wrong(Some(&sato), address(1), at(0));
        }
        tries.right(&sato);
        assert!(!tries.wrong(Some(&sato), address(1), at(0)));
        assert_eq!(tries.wait(Some(&sato), address(1), at(0)), 0);
    }

    #[test]
    fn an_address_that_tries_names_waits_a_minute() {
        let mut tries = SigninTries::default();
        for _ in 0..ADDRESS_WRONG_MAX {
            assert_eq!(tries.wait(None, address(1), at(5)), 0);
            tries.wrong(None, address(1), at(5));
        }
        assert!(tries.wait(None, address(1), at(6)) > 50);
        assert_eq!(tries.wait(None, address(2), at(6)), 0);
        assert_eq!(tries.wait(None, address(1), at(66)), 0);
    }
}
