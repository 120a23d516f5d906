//! Signatures of somebody who has signed in: the person's own key, unlocked by its passphrase for
//! one signature and forgotten.

use noroshi_model::Signer;
use noroshi_model::ids::ActId;

use super::deeds::signing;
use super::{Deed, SignedIn, Whence};
use crate::acts::act_answer;
use crate::command::{Command, EndorseAnswer, Event, Failure};
use crate::node::{Node, lock};
use crate::outside::Outside;
use crate::sink::Collected;

impl Node {
    /// Put the person's signature under an act, named by its whole id: the request where nobody
    /// has signed yet, else the second person's. Wrong passphrases count as wrong tries do.
    ///
    /// # Errors
    /// `duty.none`, `act.unknown`, `key.locked`, `signin.wait`, and what the act itself fails with.
    pub fn sign_act_as(
        &self,
        who: &SignedIn,
        act: &str,
        passphrase: &str,
        from: Whence<'_>,
        outside: &dyn Outside,
    ) -> Result<EndorseAnswer, Failure> {
        let id: ActId = act.parse().map_err(|_| {
            Failure::new("act.unknown", 4, "an act is signed by its whole id").arg("act", act)
        })?;
        who.expect(Deed::Sign)?;
        let record = self.find_act(act)?;
        who.expect(signing(record.act.kind))?;
        let shown = act_answer(&record, self.now());
        let person = who.person();
        let signer = self.unlocked(who, passphrase, from)?;
        let is_request = shown.state == "prepared";
        let signature = crate::persons::sign_act(&*signer, self.world(), &id, person, is_request);
        let command = Command::Endorse {
            act: act.to_owned(),
            person: person.to_string(),
            signature: hex(&signature),
            root_signature: None,
        };
        let mut told = Collected::default();
        self.run_as(who, command, None, outside, &mut told)?;
        last(told)
    }

    fn unlocked(
        &self,
        who: &SignedIn,
        passphrase: &str,
        from: Whence<'_>,
    ) -> Result<Box<dyn Signer>, Failure> {
        let person = who.person();
        // One at a time: each takes 64 MiB, and what one found wrong counts before the next.
        let _turn = lock(&self.signin_turn);
        self.expect_no_wait(Some(person), from.address)?;
        let unlocked = crate::persons::unlock(self.home().path(), person, passphrase);
        if unlocked
            .as_ref()
            .is_err_and(|failure| failure.code == "key.locked")
        {
            self.tried_in_vain(Some(person), from.address)?;
        }
        unlocked
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = noroshi_model::document::hex(bytes);
    digits.as_str().unwrap_or_default().to_owned()
}

/// The last word of a command, as that type.
fn last<T: serde::de::DeserializeOwned>(told: Collected) -> Result<T, Failure> {
    let answer = told.0.into_iter().rev().find_map(|event| match event {
        Event::Answer { answer, .. } => Some(answer),
        Event::Row { .. } | Event::Progress { .. } => None,
    });
    serde_json::from_value(answer.unwrap_or_default())
        .map_err(|error| Failure::new("internal", 1, error))
}
