//! Random questions over every axis, the same for the same seed.

use std::collections::BTreeMap;

use crate::caveat::{ACTIONS, Acs, CATEGORIES, Caveat, HANDLING, Iep, PAP, Share, TIERS, TLP, US};
use crate::world::{Ask, List, Term};

/// A small generator (xorshift64*).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count as u64).expect("small")
    }

    /// True once in so many.
    fn once_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn codes(&mut self) -> Vec<String> {
        let all = ["USA", "JPN", "AUS", "FVEY", "ACGU"];
        let mut codes: Vec<String> = all
            .iter()
            .filter(|_| !self.once_in(3))
            .map(|code| (*code).to_owned())
            .collect();
        if self.once_in(3) {
            codes.retain(|code| code.len() == 3);
        }
        codes
    }

    pub(crate) fn caveat(&mut self) -> Caveat {
        match self.below(32) {
            0..=6 => Caveat::Tlp(self.below(TLP.len())),
            7 | 8 => Caveat::UsClass(self.below(US.len())),
            9 => Caveat::Cui,
            10 => Caveat::Noforn,
            11..=13 => {
                let see = if self.once_in(2) {
                    self.codes()
                } else {
                    Vec::new()
                };
                Caveat::RelTo(self.codes(), see)
            }
            14 => Caveat::Orcon,
            15 => Caveat::Relido,
            16 => Caveat::Fgi(match self.below(4) {
                0 => None,
                _ => Some(self.one(&["JPN", "AUS", "USA"]).to_owned()),
            }),
            17 => Caveat::Consent(match self.below(3) {
                0 => None,
                at => Some(at - 1),
            }),
            18 => Caveat::Sds(self.below(2)),
            19 => Caveat::Category(self.below(CATEGORIES.len())),
            20 => Caveat::Mda(self.below(TIERS.len())),
            21 => Caveat::Mod,
            22 => Caveat::Gov(self.below(TIERS.len())),
            23 => Caveat::Eis,
            24 => Caveat::Handling(self.below(HANDLING.len())),
            25 => Caveat::Pap(self.below(PAP.len())),
            26 | 27 => self.iep(),
            28 | 29 => self.acs(),
            30 => Caveat::Statement,
            _ if self.once_in(4) => Caveat::Unknown,
            _ => Caveat::Tlp(0),
        }
    }

    fn day(&mut self) -> String {
        let days = [
            "2026-01-01",
            "2026-03-01",
            "2026-05-01",
            "2026-09-01",
            "2027-01-01",
        ];
        format!("{}T00:00:00Z", self.one(&days))
    }

    fn iep(&mut self) -> Caveat {
        Caveat::Iep(Iep {
            tlp: self.below(TLP.len()),
            encrypt: self.once_in(2),
            actions: self.below(ACTIONS.len()),
            from: self.day(),
            until: self.once_in(2).then(|| self.day()),
        })
    }

    fn acs(&mut self) -> Caveat {
        let mut acs = Acs {
            classification: self.below(2),
            ..Acs::default()
        };
        for _ in 0..self.below(3) {
            match self.below(11) {
                0 => acs.nf = true,
                1 => acs.fouo = true,
                2 => acs.fisa = true,
                3 => acs.les = true,
                4 => acs.ncc = true,
                5 => acs.gov = true,
                6 => acs.nations = Some(self.codes()),
                7 => acs.organisation = self.once_in(2),
                8 => acs.permitted = Some(self.codes()),
                9 => acs.access_denied = true,
                _ => acs.share = [Share::Silent, Share::Denied][self.below(2)],
            }
        }
        Caveat::Acs(acs)
    }

    fn term(&mut self) -> Term {
        let mut ceilings = BTreeMap::new();
        // Ladders are mostly named and mostly high, so that other axes come to be asked.
        let ladders: [(&str, &[&str], usize); 8] = [
            ("tlp", &TLP, 12),
            ("us-class", &US, 3),
            ("us-cui", &["cui"], 2),
            ("jp-sds", &["sds", "kimitsu"], 2),
            ("jp-mda", &TIERS, 2),
            ("jp-mod", &["hi"], 2),
            ("jp-gov", &TIERS, 2),
            ("jp-eis", &["eis"], 2),
        ];
        for (axis, scale, rarely) in ladders {
            if !self.once_in(rarely) {
                let at = self.below(scale.len()).max(self.below(scale.len()));
                ceilings.insert(axis.to_owned(), scale[at].to_owned());
            }
        }
        let duties: [(&str, &[&str]); 3] = [
            ("jp-handling", &HANDLING),
            ("pap", &PAP),
            ("iep-actions", &ACTIONS),
        ];
        for (axis, scale) in duties {
            if self.once_in(4) {
                ceilings.insert(axis.to_owned(), self.one(scale).to_owned());
            }
        }
        let words: [(&str, &[&str]); 5] = [
            ("jp-sds-category", &CATEGORIES),
            ("acs-caveat", &["fisa", "possiblepii"]),
            ("acs-sensitivity", &["les", "pcii"]),
            ("acs-shareability", &["ncc", "em"]),
            ("acs-entity", &["gov", "mil"]),
        ];
        for (axis, words) in words {
            let named: Vec<&str> = words.iter().filter(|_| self.once_in(2)).copied().collect();
            if !named.is_empty() {
                ceilings.insert(axis.to_owned(), named.join(" "));
            }
        }
        Term { ceilings }
    }

    fn lists(&mut self) -> Vec<List> {
        let count = self.below(4);
        (0..count)
            .map(|at| List {
                code: self.one(&["FVEY", "ACGU"]).to_owned(),
                serial: at as u64 + 1,
                nations: ["USA", "JPN", "AUS"]
                    .into_iter()
                    .filter(|_| !self.once_in(4))
                    .map(str::to_owned)
                    .collect(),
                from: format!(
                    "{}T00:00:00Z",
                    self.one(&["2026-01-01", "2026-01-01", "2026-08-01"])
                ),
                until: format!(
                    "{}T00:00:00Z",
                    self.one(&["2026-05-15", "2027-01-01", "2027-01-01"])
                ),
            })
            .collect()
    }

    /// A question.
    pub(crate) fn ask(&mut self) -> Ask {
        let mut ask = Ask {
            markings: (0..self.below(4)).map(|_| self.caveat()).collect(),
            ..Ask::default()
        };
        if !self.once_in(5) {
            ask.markings.push(Caveat::Tlp(self.below(3)));
        }
        let places = self.below(4) * usize::from(!self.once_in(2));
        ask.granular = (0..places)
            .map(|_| (self.below(6), self.caveat()))
            .collect();
        ask.terms = (0..=self.below(2)).map(|_| self.term()).collect();
        if self.once_in(20) {
            ask.terms.clear();
        }
        ask.coalitions = self.lists();
        ask.now = format!(
            "{}T00:00:00Z",
            self.one(&["2026-06-01", "2026-06-01", "2026-12-01"])
        );
        ask.recipient = self.one(&["JPN", "JPN", "USA", "AUS"]).to_owned();
        ask.origin = self.one(&["own", "own", "own", "another"]).to_owned();
        ask.onward = self.once_in(2);
        ask.copy = !self.once_in(3);
        ask.encrypted = !self.once_in(3);
        ask.available = !self.once_in(50);
        if self.once_in(12) {
            ask.standing = self
                .one(&["suspended", "unsigned", "ended", "none"])
                .to_owned();
        }
        if self.once_in(40) {
            ask.peer = self.one(&["pending", "removed"]).to_owned();
        }
        let grants = [
            "fits",
            "fits",
            "JPN",
            "AUS",
            "other item",
            "other recipient",
            "other purpose",
            "expired",
            "other giver",
        ];
        ask.grants = (0..self.below(3))
            .map(|_| self.one(&grants).to_owned())
            .collect();
        let pairs = [
            ("jp-mod:hi", "us-class:confidential"),
            ("us-class:secret", "jp-mda:gokuhi"),
            ("jp-gov:kimitsu", "us-class:top-secret"),
            ("jp-sds:sds", "us-class:secret"),
        ];
        if self.once_in(2) {
            let (left, right) = pairs[self.below(pairs.len())];
            ask.equivalence = Some((left.to_owned(), right.to_owned()));
        }
        ask
    }
}
