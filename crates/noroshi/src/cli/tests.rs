//! Every command teaches with an example that it understands.

use clap::CommandFactory as _;

use super::Cli;

/// Commands that do something, below `command`, by the words that call them.
fn leaves(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
    let mut under = command.get_subcommands().peekable();
    if under.peek().is_none() {
        let help = command.get_long_about().or(command.get_about());
        found.push((
            path.to_owned(),
            help.map(ToString::to_string).unwrap_or_default(),
        ));
    }
    for command in under {
        leaves(command, &format!("{path} {}", command.get_name()), found);
    }
}

#[test]
fn every_command_teaches_with_an_example_that_it_understands() {
    let mut found = Vec::new();
    leaves(&Cli::command(), "noroshi", &mut found);
    assert!(found.len() > 35, "{}", found.len());
    let lacking: Vec<_> = found
        .into_iter()
        .filter(|(path, help)| {
            let example = help.split("Example: ").nth(1).unwrap_or_default();
            !example.starts_with(path.as_str())
        })
        .collect();
    assert!(lacking.is_empty(), "{lacking:#?}");
}
