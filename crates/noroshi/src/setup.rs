//! `init`: a node comes to be.

use noroshi_model::{Clock, PersonId};
use noroshi_node::messages::text;
use noroshi_node::system::SystemClock;
use noroshi_node::{Failure, Init};

use crate::cli::{Cli, InitOptions};
use crate::secrets::new_passphrase;

pub(crate) fn init(cli: &Cli, options: &InitOptions) -> Result<(), Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::new("init.refused", 2, error);
    let mut persons = Vec::new();
    for name in &options.persons {
        let name: PersonId = name.parse().map_err(|error| wrong(&error))?;
        let passphrase = new_passphrase(cli, name.as_str())?;
        persons.push((name, passphrase));
    }
    let params = Init {
        name_en: options.name_en.clone(),
        name_ja: options.name_ja.clone(),
        nation: options.nation.parse().map_err(|error| wrong(&error))?,
        kind: options.kind.parse().map_err(|error| wrong(&error))?,
        world: options.world.parse().map_err(|error| wrong(&error))?,
        listen: options.listen.clone(),
        address: options
            .address
            .clone()
            .unwrap_or_else(|| options.listen.clone()),
        console: options.console.clone(),
        lang: cli.lang(),
        root_passphrase: new_passphrase(cli, "root")?,
        persons,
        now: SystemClock.now(),
        cheap_keys: options.cheap_keys,
    };
    let made = noroshi_node::init(&cli.home(), &params)?;
    let (node, folder) = (made.node.to_string(), made.folder.display().to_string());
    if cli.json {
        crate::call::print(
            &serde_json::json!({
                "event": "answer", "kind": "init",
                "answer": { "node": node, "folder": folder, "fingerprint": made.fingerprint },
            })
            .to_string(),
        );
    } else {
        let name = if cli.lang() == noroshi_node::messages::Lang::Ja {
            &params.name_ja
        } else {
            &params.name_en
        };
        let digits = &made.fingerprint.digits;
        let args = [
            ("name", name.as_str()),
            ("folder", &folder),
            ("node", &node),
            ("digits", digits),
        ];
        crate::call::print(&text(cli.lang(), "init-done", &args));
    }
    Ok(())
}
