//! In which language a person is answered: what they say on the command line, else what the node's
//! administrator wrote into `noroshi.toml`, else what the system's locale says. And the help of
//! every command in that language.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches};
use noroshi_node::Failure;
use noroshi_node::config::Config;
use noroshi_node::messages::{Lang, argument_help, text};

use crate::cli::Cli;

/// The command line, read. Help and mistakes end the process as a failure does.
///
/// # Errors
/// What is wrong with what was typed, and in which language that is to be said.
pub(crate) fn read(args: Vec<OsString>) -> Result<Cli, (Failure, Lang)> {
    // Help and mistakes are told before everything typed is understood: what can be told of the
    // language by then, is.
    let (said, home) = (typed(&args, "--lang"), typed(&args, "--home"));
    let said = said.or_else(|| std::env::var_os("NOROSHI_LANG"));
    let home = home.or_else(|| std::env::var_os("NOROSHI_HOME"));
    let home = crate::cli::home_of(home.map(PathBuf::from).as_deref());
    let chosen = choose(said.as_deref().and_then(std::ffi::OsStr::to_str), &home);
    let lang = *chosen.as_ref().unwrap_or(&Lang::En);
    let matches = command(lang).try_get_matches_from(args);
    let matches = matches.map_err(|error| (mistake(&error), lang))?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| (mistake(&error), lang))?;
    cli.lang = choose(cli.language.as_deref(), &cli.home()).map_err(|failure| (failure, lang))?;
    Ok(cli)
}

/// The language, by who has the first word.
fn choose(said: Option<&str>, home: &std::path::Path) -> Result<Lang, Failure> {
    if let Some(said) = said.filter(|said| !said.is_empty()) {
        return Lang::ALL
            .into_iter()
            .find(|lang| lang.as_str() == said)
            .ok_or_else(|| {
                let known = Lang::ALL.map(Lang::as_str).join(", ");
                let why = format_args!("`{said}` is no language here: {known}");
                Failure::new("lang.unknown", 2, why)
                    .arg("lang", said)
                    .arg("known", known)
            });
    }
    // A configuration that cannot be read is told of by the command that needs it.
    let configured = Config::read(home).ok().map(|config| config.lang);
    let locale = || {
        let of = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        // The first of them that is set decides, as everywhere on the system; a locale that is not
        // known here is nobody's mistake.
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(of);
        locale.and_then(|locale| Lang::from_word(&locale))
    };
    Ok(configured.or_else(locale).unwrap_or_default())
}

/// The value of a global option, before the whole line is understood.
fn typed(args: &[OsString], option: &str) -> Option<OsString> {
    let mut args = args.iter().skip(1).take_while(|arg| *arg != "--");
    while let Some(arg) = args.next() {
        if arg == option {
            return args.next().cloned();
        }
        let joined = arg.to_str().and_then(|arg| arg.strip_prefix(option));
        if let Some(value) = joined.and_then(|rest| rest.strip_prefix('=')) {
            return Some(value.into());
        }
    }
    None
}

/// What is wrong with what was typed; help that was asked for is no mistake.
fn mistake(error: &clap::Error) -> Failure {
    let said = error.render().to_string();
    let detail = said.strip_prefix("error: ").unwrap_or(&said).trim_end();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Failure::new("usage.help", 0, said),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Failure::new("usage.help", 2, said),
        ErrorKind::InvalidSubcommand | ErrorKind::MissingSubcommand => {
            Failure::new("usage.command", 2, detail)
        }
        ErrorKind::UnknownArgument => Failure::new("usage.argument", 2, detail),
        ErrorKind::MissingRequiredArgument => Failure::new("usage.missing", 2, detail),
        ErrorKind::ArgumentConflict => Failure::new("usage.conflict", 2, detail),
        _ => Failure::new("usage.value", 2, detail),
    }
}

/// The command line with its help in this language.
pub(crate) fn command(lang: Lang) -> Command {
    match lang {
        // The definitions of the commands are in English.
        Lang::En => Cli::command(),
        Lang::Ja => in_words(Cli::command(), lang, "help-noroshi".to_owned(), true),
    }
}

fn in_words(command: Command, lang: Lang, id: String, is_top: bool) -> Command {
    let about = text(lang, &id, &[]);
    let english = command.get_long_about().or(command.get_about());
    let english = english.map(ToString::to_string).unwrap_or_default();
    let more = if is_top {
        argument_help(lang, &id, "long").unwrap_or_default()
    } else {
        example(lang, &english)
    };
    let usage = text(lang, "help-heading-usage", &[]);
    let template =
        format!("{{about-with-newline}}\n{usage}: {{usage}}\n\n{{all-args}}{{after-help}}");
    let command = command
        .about(about.clone())
        .long_about(format!("{about}\n\n{more}"))
        .help_template(template)
        .subcommand_help_heading(text(lang, "help-heading-commands", &[]))
        .subcommand_value_name(text(lang, "help-heading-commands", &[]))
        .disable_help_subcommand(true)
        .disable_help_flag(true)
        .arg(asks("help", 'h', ArgAction::Help))
        .mut_args(|arg| argument(arg, lang, &id));
    let command = if is_top {
        command
            .disable_version_flag(true)
            .arg(asks("version", 'V', ArgAction::Version))
            .mut_arg("version", |arg| argument(arg, lang, &id))
    } else {
        command
    };
    command.mut_subcommands(|under| {
        let id = format!("{id}-{}", under.get_name());
        in_words(under, lang, id, false)
    })
}

fn asks(name: &'static str, short: char, action: ArgAction) -> Arg {
    Arg::new(name).long(name).short(short).action(action)
}

fn argument(arg: Arg, lang: Lang, command: &str) -> Arg {
    let name = arg.get_id().to_string();
    let heading = if arg.is_positional() {
        "help-heading-arguments"
    } else {
        "help-heading-options"
    };
    let help = argument_help(lang, command, &name);
    let help = help.or_else(|| argument_help(lang, "help-any", &name));
    let arg = arg.help_heading(text(lang, heading, &[]));
    match help {
        Some(help) => arg.help(help.clone()).long_help(help),
        None => arg,
    }
}

/// The example at the end of a command's help: what is typed is the same in every language.
fn example(lang: Lang, english: &str) -> String {
    let Some(at) = english.find("Example:") else {
        return String::new();
    };
    let words = |id| text(lang, id, &[]);
    english[at..]
        .replace("Example:", &words("help-example"))
        .replace("Next:", &words("help-next"))
}

#[cfg(test)]
mod tests {
    use noroshi_node::messages::knows;

    use super::*;

    /// Every command with its id, and every argument that help shows.
    fn walk(command: &Command, id: &str, lacking: &mut Vec<String>) {
        if !knows(Lang::Ja, id) {
            lacking.push(id.to_owned());
        }
        for arg in command.get_arguments() {
            let name = arg.get_id().as_str();
            let told = argument_help(Lang::Ja, id, name);
            if told
                .or_else(|| argument_help(Lang::Ja, "help-any", name))
                .is_none()
            {
                lacking.push(format!("{id}.{name}"));
            }
        }
        for under in command.get_subcommands() {
            walk(under, &format!("{id}-{}", under.get_name()), lacking);
        }
    }

    #[test]
    fn every_command_and_argument_is_explained_in_japanese() {
        let mut lacking = Vec::new();
        walk(&Cli::command(), "help-noroshi", &mut lacking);
        assert!(lacking.is_empty(), "{lacking:#?}");
        command(Lang::Ja).debug_assert();
    }

    #[test]
    fn the_value_of_an_option_is_found_however_it_is_typed() {
        let line = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        for words in [
            &["noroshi", "--lang", "ja", "list"][..],
            &["noroshi", "list", "--lang=ja"],
        ] {
            assert_eq!(typed(&line(words), "--lang"), Some("ja".into()));
        }
        assert_eq!(
            typed(&line(&["noroshi", "--", "--lang", "ja"]), "--lang"),
            None
        );
        assert_eq!(typed(&line(&["noroshi", "--lang"]), "--lang"), None);
    }
}
