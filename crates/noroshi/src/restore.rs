//! `restore`: a backup becomes a node. The root's and the person's keys are unlocked here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use noroshi_model::PersonId;
use noroshi_node::restore::Staged;
use noroshi_node::sink::{Collected, Sink};
use noroshi_node::{Event, Failure, persons};
use noroshi_seal::SystemRng;

use crate::backup::{told, unlocked};
use crate::call::Screen;
use crate::cli::Cli;
use crate::clock::clock;
use crate::secrets::passphrase;

pub(crate) fn restore(
    cli: &Cli,
    file: &Path,
    keys: Option<PathBuf>,
    root_key: Option<PathBuf>,
    person: &str,
) -> Result<(), Failure> {
    let name: PersonId = person
        .parse()
        .map_err(|error| Failure::new("person.name", 2, error).arg("person", person))?;
    let key = unlocked(cli, file)?;
    let mut screen = Screen::new(cli, false);
    let staged = {
        let mut progress = |label: &str, done, total| told(&mut screen, label, done, total);
        Staged::unpack(
            file,
            key.as_deref(),
            &cli.home(),
            keys.as_deref(),
            &mut progress,
        )?
    };
    screen.clear();
    let person_key = persons::unlock(staged.home(), &name, &passphrase(cli, person)?)?;
    let root = passphrase(cli, "root")?;
    let root = persons::unlock_root(staged.home(), root_key.as_deref(), &root)?;
    let answer = staged.finish(
        &name,
        &*person_key,
        &*root,
        clock(),
        Arc::new(SystemRng),
        &mut Collected::default(),
    )?;
    screen.send(Event::Answer {
        kind: "restored".to_owned(),
        answer: serde_json::to_value(answer).unwrap_or_default(),
    });
    Ok(())
}
