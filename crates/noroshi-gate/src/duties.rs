//! What a person may do, by the duties the person has. Nothing that no duty permits.
//!
//! Who administers decides neither what leaves nor whether the ledger is right, and who releases
//! does not audit: one person has no two of these three, but for the founders of a node until
//! duties are set.

use noroshi_model::Duty;

/// Something that a person does at the node, as far as duties tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// See that the node is well: counts, partners, channels, clocks, alarms.
    Overlook,
    /// Read items, held ones as well.
    ReadItems,
    /// Read agreements, receipts and what went over between partners.
    ReadPartners,
    /// Read the ledger, its acts and proofs.
    ReadLedger,
    /// State that an alarm was seen to.
    AnswerAlarm,
    /// Bring items in, judge held ones again.
    TakeIn,
    /// Prepare what leaves or is taken back, and ask for consent.
    Propose,
    /// Put a signature under an act.
    Sign,
    /// Decide how partners stand: invitations, confirmations, agreements, clients.
    Arrange,
    /// Set rules, profiles and lists that the gate asks.
    Rule,
    /// Look after people, keys, backups and the machine.
    Administer,
}

impl Deed {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Overlook,
        Self::ReadItems,
        Self::ReadPartners,
        Self::ReadLedger,
        Self::AnswerAlarm,
        Self::TakeIn,
        Self::Propose,
        Self::Sign,
        Self::Arrange,
        Self::Rule,
        Self::Administer,
    ];
}

/// The duties of one person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duties(u8);

/// Two duties that one person cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one person cannot have the duties `{}` and `{}`", .0.as_str(), .1.as_str())]
pub struct Clash(pub Duty, pub Duty);

/// No two of these in one hand.
const APART: [Duty; 3] = [Duty::Release, Duty::Audit, Duty::Administration];

impl Duties {
    /// These.
    ///
    /// # Errors
    /// Two that exclude each other.
    pub fn new(duties: &[Duty]) -> Result<Self, Clash> {
        let all = Self(duties.iter().fold(0, |bits, duty| bits | bit(*duty)));
        let mut apart = APART.into_iter().filter(|duty| all.has(*duty));
        match (apart.next(), apart.next()) {
            (Some(one), Some(other)) => Err(Clash(one, other)),
            _ => Ok(all),
        }
    }

    /// All of them: the founders' until somebody sets duties, for two persons cannot do otherwise.
    #[must_use]
    pub fn founders() -> Self {
        Self(Duty::ALL.iter().fold(0, |bits, duty| bits | bit(*duty)))
    }

    /// Is it among them?
    #[must_use]
    pub fn has(self, duty: Duty) -> bool {
        self.0 & bit(duty) != 0
    }

    /// Which they are.
    #[must_use]
    pub fn list(self) -> Vec<Duty> {
        let all = Duty::ALL.iter().copied();
        all.filter(|duty| self.has(*duty)).collect()
    }

    /// Does one of them permit it?
    #[must_use]
    pub fn permit(self, deed: Deed) -> bool {
        self.list().into_iter().any(|duty| permits(duty, deed))
    }
}

fn bit(duty: Duty) -> u8 {
    match duty {
        Duty::Watch => 1,
        Duty::Analysis => 2,
        Duty::Release => 4,
        Duty::Audit => 8,
        Duty::Administration => 16,
    }
}

fn permits(duty: Duty, deed: Deed) -> bool {
    match duty {
        Duty::Watch => matches!(
            deed,
            Deed::Overlook | Deed::ReadItems | Deed::ReadPartners | Deed::AnswerAlarm
        ),
        Duty::Analysis => matches!(
            deed,
            Deed::Overlook
                | Deed::ReadItems
                | Deed::ReadPartners
                | Deed::TakeIn
                | Deed::Propose
                | Deed::Sign
        ),
        Duty::Release => matches!(
            deed,
            Deed::Overlook
                | Deed::ReadItems
                | Deed::ReadPartners
                | Deed::ReadLedger
                | Deed::Propose
                | Deed::Sign
                | Deed::Arrange
                | Deed::Rule
        ),
        Duty::Audit => matches!(deed, Deed::Overlook | Deed::ReadPartners | Deed::ReadLedger),
        Duty::Administration => matches!(
            deed,
            Deed::Overlook
                | Deed::ReadPartners
                | Deed::ReadLedger
                | Deed::AnswerAlarm
                | Deed::Sign
                | Deed::Administer
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{APART, Clash, Deed, Duties};
    use noroshi_model::Duty;

    fn only(duty: Duty) -> Duties {
        Duties::new(&[duty]).unwrap()
    }

    #[test]
    fn who_has_no_duty_does_nothing() {
        for deed in Deed::ALL {
            assert!(!Duties::default().permit(deed), "{deed:?}");
        }
    }

    #[test]
    fn who_administers_or_audits_reads_no_item_and_moves_none() {
        for duty in [Duty::Administration, Duty::Audit] {
            for deed in [Deed::ReadItems, Deed::TakeIn, Deed::Propose, Deed::Rule] {
                assert!(!only(duty).permit(deed), "{duty:?} {deed:?}");
            }
        }
        assert!(!only(Duty::Audit).permit(Deed::Sign));
    }

    #[test]
    fn only_who_administers_looks_after_people() {
        for duty in Duty::ALL {
            let may = only(*duty).permit(Deed::Administer);
            assert_eq!(may, *duty == Duty::Administration, "{duty:?}");
        }
    }

    #[test]
    fn who_watches_changes_nothing_but_answers_alarms() {
        let may: Vec<Deed> = Deed::ALL
            .into_iter()
            .filter(|deed| only(Duty::Watch).permit(*deed))
            .collect();
        use Deed::{AnswerAlarm, Overlook, ReadItems, ReadPartners};
        assert_eq!(may, [Overlook, ReadItems, ReadPartners, AnswerAlarm]);
    }

    #[test]
    fn release_audit_and_administration_are_in_three_hands() {
        for one in APART {
            for other in APART.into_iter().filter(|other| *other != one) {
                let refused = Duties::new(&[Duty::Watch, one, other]);
                assert!(matches!(refused, Err(Clash(_, _))), "{one:?} {other:?}");
            }
            assert_eq!(Duties::new(&[Duty::Watch, one]).unwrap().list().len(), 2);
        }
    }

    #[test]
    fn every_deed_is_permitted_to_somebody_and_all_to_founders() {
        for deed in Deed::ALL {
            let mut duties = Duty::ALL.iter();
            assert!(duties.any(|duty| only(*duty).permit(deed)), "{deed:?}");
            assert!(Duties::founders().permit(deed), "{deed:?}");
        }
    }
}
