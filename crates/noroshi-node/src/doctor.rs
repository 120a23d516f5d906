//! Is the node well? One check a line, each with what to do where it is not.

use noroshi_store::RecordKind;

use crate::command::{Event, Failure};
use crate::node::{Node, store_failure};
use crate::records::{Peer, Person};
use crate::sink::Sink;

impl Node {
    pub(crate) fn doctor(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        let mut bad = 0;
        let mut check = |name: &str, ok: bool, detail: String| {
            bad += u32::from(!ok);
            let row = serde_json::json!({ "check": name, "ok": ok, "detail": detail });
            sink.send(Event::Row {
                kind: "check".into(),
                row,
            });
        };
        let reader = self.inside()?;
        let (size, _) = reader.ledger_root().map_err(store_failure)?;
        let newest = reader
            .ledger(size.saturating_sub(1), 1)
            .map_err(store_failure)?;
        check("ledger", newest.len() == 1, format!("{size} lines"));
        let counts = reader.counts().map_err(store_failure)?;
        let counted: Vec<String> = counts
            .iter()
            .map(|(state, count)| format!("{} {count}", state.as_str()))
            .collect();
        check("items", true, counted.join(", "));
        let persons = self.records::<Person>(RecordKind::Person)?;
        let active = persons
            .iter()
            .filter(|person| person.revoked.is_none())
            .count();
        check(
            "persons",
            active >= 2,
            format!("{active} may sign; two at least"),
        );
        for peer in self
            .records::<Peer>(RecordKind::Peer)?
            .iter()
            .filter(|peer| !peer.removed)
        {
            let name = &peer.manifest.organisation.name_en;
            let waiting = reader.log_waiting(&peer.node()).map_err(store_failure)?;
            let contact = peer
                .last_contact
                .map_or("never".to_owned(), |at| at.to_string());
            let detail = format!(
                "{name}: {}, last contact {contact}, {waiting} waiting",
                peer.state()
            );
            check("peer", peer.is_confirmed(), detail);
        }
        let waits = self.waits_for()?.len();
        if waits > 0 {
            let detail = format!("restored; {waits} partners to answer: noroshi restore status");
            check("restore", false, detail);
        }
        let newest = self.backups()?.into_iter().rev();
        let newest = newest
            .map(|backup| (backup.exists(), backup))
            .find(|(kept, _)| *kept);
        let detail = newest.as_ref().map_or_else(
            || "none was made yet; `noroshi backup make FILE --as NAME`".to_owned(),
            |(_, backup)| {
                format!(
                    "{} of {} at {}",
                    backup.state.as_str(),
                    backup.at,
                    backup.path
                )
            },
        );
        check("backup", true, detail);
        let root_here = self.home().key("root").exists();
        let detail = if root_here {
            "here, encrypted; it may be kept offline"
        } else {
            "kept elsewhere; key rotate and key revoke need it"
        };
        check("root", true, detail.to_owned());
        let open = crate::home::KEY_NAMES
            .iter()
            .filter(|name| crate::home::read_private(&self.home().key(name)).is_err())
            .count();
        check(
            "keys",
            open == 0,
            format!("{open} key files missing or open to others"),
        );
        let answer = serde_json::json!({ "bad": bad });
        sink.send(Event::Answer {
            kind: "doctor".into(),
            answer,
        });
        if bad == 0 {
            Ok(())
        } else {
            Err(
                Failure::new("doctor.bad", 1, format_args!("{bad} checks are not well"))
                    .arg("count", bad),
            )
        }
    }
}
