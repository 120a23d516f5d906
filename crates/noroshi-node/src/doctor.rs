//! Is the node well? One check a line: what is, whether it is good, and the command that mends it.
//!
//! Every finding there can be stands in [`FINDINGS`]; its words are `doctor-CODE` in the catalogue,
//! and where something is to be done, `mend-CODE`. Reads only: nothing is mended unasked.

mod checks;
mod disk;

use crate::command::{Event, Failure};
use crate::messages::{Lang, text};
use crate::node::Node;
use crate::sink::Sink;

/// How a finding is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Health {
    /// As it should be.
    Good,
    /// Works, and somebody should look at it.
    Look,
    /// Wrong: the command ends with an exit code that says so.
    Bad,
}

impl Health {
    fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Look => "look",
            Self::Bad => "bad",
        }
    }
}

use Health::{Bad, Good, Look};

/// Every finding: its code, and how it is meant. The part before the first dash names the check.
pub(crate) const FINDINGS: [(&str, Health); 50] = [
    ("ledger", Good),
    ("ledger-broken", Bad),
    ("items", Good),
    ("rows", Good),
    ("rows-changed", Bad),
    ("text", Good),
    ("text-changed", Bad),
    ("text-missing", Bad),
    ("held", Good),
    ("held-some", Look),
    ("alarms", Good),
    ("alarms-open", Look),
    ("acts", Good),
    ("acts-pending", Look),
    ("persons", Good),
    ("persons-few", Bad),
    ("peer", Good),
    ("peer-none", Good),
    ("peer-pending", Look),
    ("peer-never", Look),
    ("peer-away", Look),
    ("peer-lost", Bad),
    ("channel", Good),
    ("channel-failing", Look),
    ("clock", Good),
    ("clock-behind", Bad),
    ("clock-went_back", Bad),
    ("agreement", Good),
    ("agreement-near", Look),
    ("agreement-ended", Look),
    ("agreement-unsigned", Look),
    ("agreement-suspended", Look),
    ("agreement-disputed", Bad),
    ("keys", Good),
    ("keys-old", Look),
    ("keys-replaced", Look),
    ("files", Good),
    ("files-missing", Bad),
    ("files-open_folder", Bad),
    ("files-open", Bad),
    ("disk", Good),
    ("disk-unknown", Look),
    ("disk-low", Look),
    ("disk-full", Bad),
    ("backup", Good),
    ("backup-none", Look),
    ("backup-old", Look),
    ("root", Good),
    ("root-away", Good),
    ("restore-waits", Bad),
];

/// What a finding names.
type Args = Vec<(&'static str, String)>;

/// Takes findings, counts them and tells them on.
struct Report<'a> {
    sink: &'a mut dyn Sink,
    look: u64,
    bad: u64,
}

impl Report<'_> {
    fn tell(&mut self, code: &'static str, args: Args) {
        let health = health_of(code);
        match health {
            Good => {}
            Look => self.look += 1,
            Bad => self.bad += 1,
        }
        let given: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, &**value)).collect();
        let said = |kind: &str| text(Lang::En, &format!("{kind}-{code}"), &given);
        let row = serde_json::json!({
            "check": code.split('-').next(),
            "code": code,
            "state": health.as_str(),
            "ok": health != Bad,
            "args": args.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "text": said("doctor"),
            "mend": (health != Good).then(|| said("mend")),
        });
        self.sink.send(Event::Row {
            kind: "check".into(),
            row,
        });
    }
}

/// How a finding is meant.
pub(crate) fn health_of(code: &str) -> Health {
    let known = FINDINGS.iter().find(|(known, _)| *known == code);
    known.map_or(Bad, |(_, health)| *health)
}

impl Node {
    /// Check everything; fails where something is bad.
    pub(crate) fn doctor(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        let mut report = Report {
            sink,
            look: 0,
            bad: 0,
        };
        self.check_store(&mut report)?;
        self.check_waiting(&mut report)?;
        self.check_persons(&mut report)?;
        self.check_partners(&mut report)?;
        self.check_channels(&mut report)?;
        self.check_clock(&mut report)?;
        self.check_agreements(&mut report)?;
        self.check_keys(&mut report);
        self.check_files(&mut report);
        self.check_disk(&mut report);
        self.check_backups(&mut report)?;
        let (look, bad) = (report.look, report.bad);
        let answer = serde_json::json!({ "look": look, "bad": bad });
        sink.send(Event::Answer {
            kind: "doctor".into(),
            answer,
        });
        if bad == 0 {
            return Ok(());
        }
        let said = format_args!("{bad} checks are not well: see what mends them above");
        Err(Failure::new("doctor.bad", 1, said).arg("count", bad))
    }
}
