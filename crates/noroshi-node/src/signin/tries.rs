//! Wrong tries at signing in: slowed down for each person and each address, in memory.
//!
//! A person's tries are counted together wherever they come from, but for places where the person
//! has signed in before: each of those counts by itself, so that a stranger who tries a name does
//! not keep its person out.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use noroshi_model::{PersonId, Timestamp};

/// Wrong tries in a row before a person waits.
const PERSON_WRONG_MAX: u32 = 5;
/// How long a person then waits.
const PERSON_WAIT_SECONDS: i64 = 15 * 60;
/// Wrong tries from one address in [`ADDRESS_SECONDS`].
const ADDRESS_WRONG_MAX: u32 = 20;
const ADDRESS_SECONDS: i64 = 60;
/// Addresses that are remembered, and names that nobody has; when more try, all of them are
/// forgotten together.
const STRANGERS_MAX: usize = 10_000;
/// Places of one person that are remembered; the oldest goes.
const PLACES_MAX: usize = 8;

#[derive(Clone, Copy, Debug)]
struct Wrong {
    count: u32,
    since: Timestamp,
}

impl Wrong {
    fn none(now: Timestamp) -> Self {
        Self {
            count: 0,
            since: now,
        }
    }

    /// Seconds that are left of a term, if so many were wrong. A clock that went back ends it.
    fn left(&self, most: u32, seconds: i64, now: Timestamp) -> i64 {
        if self.count < most || now < self.since {
            return 0;
        }
        let end = self.since.plus_seconds(seconds).micros();
        ((end - now.micros()).div_euclid(1_000_000) + 1).max(0)
    }

    /// One more by a person. Is it the one that makes them wait?
    fn by_person(&mut self, now: Timestamp) -> bool {
        if self.count >= PERSON_WRONG_MAX {
            if self.left(PERSON_WRONG_MAX, PERSON_WAIT_SECONDS, now) > 0 {
                return false;
            }
            *self = Self::none(now);
        }
        self.count += 1;
        self.since = now;
        self.count == PERSON_WRONG_MAX
    }
}

/// What was tried in vain of late. After a restart everyone begins anew.
#[derive(Debug, Default)]
pub(crate) struct SigninTries {
    persons: BTreeMap<PersonId, Wrong>,
    /// Names that nobody has: they wait too, or waiting would tell which are somebody's.
    strangers: BTreeMap<PersonId, Wrong>,
    /// Where persons have signed in, the latest last.
    places: BTreeMap<PersonId, Vec<(IpAddr, Wrong)>>,
    addresses: BTreeMap<IpAddr, Wrong>,
}

impl SigninTries {
    /// How many seconds somebody has to wait before the next try; 0: none.
    pub(super) fn wait(&self, name: Option<&PersonId>, from: IpAddr, now: Timestamp) -> i64 {
        let from = network(from);
        let tried = name.and_then(|name| {
            let places = self.places.get(name).into_iter().flatten();
            let mut here = places.filter(|(place, _)| *place == from);
            here.next()
                .map(|(_, wrong)| wrong)
                .or_else(|| self.persons.get(name))
                .or_else(|| self.strangers.get(name))
        });
        let left = |wrong: Option<&Wrong>, most, seconds| {
            wrong.map_or(0, |wrong| wrong.left(most, seconds, now))
        };
        left(tried, PERSON_WRONG_MAX, PERSON_WAIT_SECONDS).max(left(
            self.addresses.get(&from),
            ADDRESS_WRONG_MAX,
            ADDRESS_SECONDS,
        ))
    }

    /// One more wrong try with a name, which may be a person's. Is it the one that locks a person
    /// out?
    pub(super) fn wrong(
        &mut self,
        name: Option<&PersonId>,
        is_person: bool,
        from: IpAddr,
        now: Timestamp,
    ) -> bool {
        let from = network(from);
        if self.addresses.len() >= STRANGERS_MAX {
            self.addresses.clear();
        }
        let address = self.addresses.entry(from).or_insert(Wrong::none(now));
        if address.since.plus_seconds(ADDRESS_SECONDS) <= now || now < address.since {
            *address = Wrong::none(now);
        }
        address.count = address.count.saturating_add(1);
        let Some(name) = name else { return false };
        let places = self.places.get_mut(name).into_iter().flatten();
        if let Some((_, wrong)) = places.into_iter().find(|(place, _)| *place == from) {
            return wrong.by_person(now);
        }
        if is_person {
            let known = self.persons.entry(name.clone());
            return known.or_insert(Wrong::none(now)).by_person(now);
        }
        if self.strangers.len() >= STRANGERS_MAX {
            self.strangers.clear();
        }
        let known = self.strangers.entry(name.clone());
        known.or_insert(Wrong::none(now)).by_person(now);
        false
    }

    /// A person has signed in.
    pub(super) fn right(&mut self, person: &PersonId, from: IpAddr, now: Timestamp) {
        let from = network(from);
        let places = self.places.entry(person.clone()).or_default();
        let before = places.len();
        places.retain(|(place, _)| *place != from);
        if places.len() == before {
            self.persons.remove(person);
        }
        if places.len() >= PLACES_MAX {
            places.remove(0);
        }
        places.push((from, Wrong::none(now)));
    }
}

/// What one holder of addresses has: of IPv6 the first 64 bits, for the rest is anybody's choice.
fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
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

    fn name(name: &str) -> PersonId {
        name.parse().unwrap()
    }

    /// Five wrong tries with a name, each from another address.
    fn lock_out(tries: &mut SigninTries, who: &PersonId, is_person: bool) {
        for n in 1..=PERSON_WRONG_MAX {
            assert_eq!(tries.wait(Some(who), address(200), at(0)), 0);
            let from = address(u8::try_from(n).unwrap());
            let locks = tries.wrong(Some(who), is_person, from, at(0));
            assert_eq!(locks, is_person && n == PERSON_WRONG_MAX);
        }
    }

    #[test]
    fn a_person_waits_after_five_wrong_tries_from_anywhere_and_nobody_else_does() {
        let (sato, suzuki) = (name("sato"), name("suzuki"));
        let mut tries = SigninTries::default();
        lock_out(&mut tries, &sato, true);
        assert!(tries.wait(Some(&sato), address(200), at(1)) > 800);
        assert_eq!(tries.wait(Some(&suzuki), address(200), at(1)), 0);
        assert_eq!(tries.wait(Some(&sato), address(200), at(901)), 0);
        assert!(!tries.wrong(Some(&sato), true, address(1), at(901)));
    }

    #[test]
    fn a_try_that_was_under_way_already_does_not_end_the_wait() {
        let sato = name("sato");
        let mut tries = SigninTries::default();
        lock_out(&mut tries, &sato, true);
        assert!(!tries.wrong(Some(&sato), true, address(9), at(0)));
        assert!(tries.wait(Some(&sato), address(200), at(1)) > 800);
    }

    #[test]
    fn waiting_does_not_tell_whether_a_name_is_somebodys() {
        let nobody = name("nobody");
        let mut tries = SigninTries::default();
        lock_out(&mut tries, &nobody, false);
        assert!(tries.wait(Some(&nobody), address(200), at(1)) > 800);
    }

    #[test]
    fn a_stranger_does_not_keep_a_person_out_of_where_they_signed_in_before() {
        let sato = name("sato");
        let mut tries = SigninTries::default();
        tries.right(&sato, address(100), at(0));
        lock_out(&mut tries, &sato, true);
        assert_eq!(tries.wait(Some(&sato), address(100), at(1)), 0);
        for n in 1..=PERSON_WRONG_MAX {
            let locks = tries.wrong(Some(&sato), true, address(100), at(1));
            assert_eq!(locks, n == PERSON_WRONG_MAX);
        }
        assert!(tries.wait(Some(&sato), address(100), at(2)) > 800);
        // What is right there says nothing of what is tried elsewhere.
        tries.right(&sato, address(100), at(2));
        assert_eq!(tries.wait(Some(&sato), address(100), at(2)), 0);
        assert!(tries.wait(Some(&sato), address(200), at(2)) > 800);
    }

    #[test]
    fn who_signs_in_begins_anew() {
        let sato = name("sato");
        let mut tries = SigninTries::default();
        for _ in 1..PERSON_WRONG_MAX {
            tries.wrong(Some(&sato), true, address(1), at(0));
        }
        tries.right(&sato, address(1), at(0));
        assert!(!tries.wrong(Some(&sato), true, address(1), at(0)));
        assert_eq!(tries.wait(Some(&sato), address(1), at(0)), 0);
    }

    #[test]
    fn an_address_that_tries_names_waits_a_minute() {
        let mut tries = SigninTries::default();
        for _ in 0..ADDRESS_WRONG_MAX {
            assert_eq!(tries.wait(None, address(1), at(5)), 0);
            tries.wrong(None, false, address(1), at(5));
        }
        assert!(tries.wait(None, address(1), at(6)) > 50);
        assert_eq!(tries.wait(None, address(2), at(6)), 0);
        assert_eq!(tries.wait(None, address(1), at(66)), 0);
    }

    #[test]
    fn addresses_that_one_holder_chooses_from_are_one() {
        let [one, same, other] =
            ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"].map(|a| a.parse().unwrap());
        let mut tries = SigninTries::default();
        for _ in 0..ADDRESS_WRONG_MAX {
            tries.wrong(None, false, one, at(0));
        }
        assert!(tries.wait(None, same, at(0)) > 0);
        assert_eq!(tries.wait(None, other, at(0)), 0);
    }

    #[test]
    fn a_clock_that_goes_back_makes_nobody_wait_longer() {
        let sato = name("sato");
        let mut tries = SigninTries::default();
        for _ in 0..PERSON_WRONG_MAX {
            tries.wrong(Some(&sato), true, address(1), at(100_000));
        }
        assert_eq!(tries.wait(Some(&sato), address(2), at(10)), 0);
    }
}
