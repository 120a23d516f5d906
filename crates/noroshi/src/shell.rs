//! What a shell needs of the command line: completions and manual pages, made from its one
//! definition in the language that is asked for.

use std::path::Path;

use clap::Command;
use clap_complete::{Shell, generate};
use noroshi_node::Failure;
use noroshi_node::messages::Lang;

use crate::language;

/// The script that completes commands in that shell.
///
/// # Errors
/// `usage.value` for a shell that is none of bash, zsh and fish.
pub(crate) fn completions(lang: Lang, shell: &str) -> Result<String, Failure> {
    let shell = match shell {
        "bash" => Shell::Bash,
        "zsh" => Shell::Zsh,
        "fish" => Shell::Fish,
        other => {
            return Err(Failure::new(
                "usage.value",
                2,
                format_args!("no shell `{other}`"),
            ));
        }
    };
    let mut script = Vec::new();
    generate(shell, &mut language::command(lang), "noroshi", &mut script);
    Ok(String::from_utf8_lossy(&script).into_owned())
}

/// Write a manual page for every command into a folder: `noroshi.1`, `noroshi-peer-invite.1`.
///
/// # Errors
/// `man.write`: the folder cannot be made or written.
pub(crate) fn man(lang: Lang, folder: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let why = format_args!("{}: {error}", folder.display());
        Failure::new("man.write", 1, why).arg("folder", folder.display())
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    for (name, page) in pages(lang).map_err(failed)? {
        std::fs::write(folder.join(format!("{name}.1")), page).map_err(failed)?;
    }
    Ok(())
}

/// Every page by the name of its command, the words joined by dashes.
fn pages(lang: Lang) -> Result<Vec<(String, Vec<u8>)>, std::io::Error> {
    let mut command = language::command(lang);
    command.build();
    let mut made = Vec::new();
    page(&command, "", &mut made)?;
    Ok(made)
}

fn page(
    command: &Command,
    above: &str,
    made: &mut Vec<(String, Vec<u8>)>,
) -> Result<(), std::io::Error> {
    let name = if above.is_empty() {
        command.get_name().to_owned()
    } else {
        format!("{above}-{}", command.get_name())
    };
    let mut text = Vec::new();
    // The name on the page is the whole one: `man noroshi-peer-invite`.
    let titled = command.clone().name(name.clone());
    clap_mangen::Man::new(titled).render(&mut text)?;
    made.push((name.clone(), text));
    for under in command
        .get_subcommands()
        .filter(|under| under.get_name() != "help")
    {
        page(under, &name, made)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every command below this one by its words, and the options of each.
    fn commands(command: &Command, path: &[String], found: &mut Vec<(Vec<String>, Vec<String>)>) {
        for under in command.get_subcommands() {
            let path = [path, &[under.get_name().to_owned()]].concat();
            let options = under.get_arguments().filter(|arg| !arg.is_hide_set());
            let options = options.filter_map(|arg| arg.get_long().map(str::to_owned));
            found.push((path.clone(), options.collect()));
            commands(under, &path, found);
        }
    }

    fn every() -> Vec<(Vec<String>, Vec<String>)> {
        let mut found = Vec::new();
        commands(&language::command(Lang::En), &[], &mut found);
        assert!(found.len() > 60, "{}", found.len());
        found
    }

    #[test]
    fn every_shell_completes_every_command_and_option() {
        for shell in ["bash", "zsh", "fish"] {
            for lang in Lang::ALL {
                let script = completions(lang, shell).unwrap();
                for (path, options) in every() {
                    for word in path.iter().chain(&options) {
                        assert!(script.contains(word.as_str()), "{shell} {path:?}: {word}");
                    }
                    // How each names the place of a command in the tree.
                    let place = match shell {
                        "bash" => format!("noroshi__subcmd__{}", path.join("__subcmd__")),
                        "zsh" => format!(
                            "(( $+functions[_noroshi__subcmd__{}_commands] ))",
                            path.join("__subcmd__")
                        ),
                        _ => format!("-a \"{}\"", path.last().unwrap()),
                    };
                    // A hyphen of a name is for bash what stands between names.
                    let hyphen = if shell == "bash" { "__subcmd__" } else { "-" };
                    let place = place.replace('-', hyphen);
                    assert!(script.contains(&place), "{shell}: {place}");
                }
            }
        }
        assert_eq!(completions(Lang::En, "tcsh").unwrap_err().exit, 2);
    }

    #[test]
    fn every_command_has_a_manual_page_that_names_its_options() {
        let expected: BTreeSet<String> = every()
            .into_iter()
            .map(|(path, _)| format!("noroshi-{}", path.join("-")))
            .chain(["noroshi".to_owned()])
            .collect();
        for lang in Lang::ALL {
            let made = pages(lang).unwrap();
            let names: BTreeSet<String> = made.iter().map(|(name, _)| name.clone()).collect();
            assert_eq!(names, expected);
            for (path, options) in every() {
                let name = format!("noroshi-{}", path.join("-"));
                let (_, page) = made.iter().find(|(made, _)| *made == name).unwrap();
                let page = String::from_utf8_lossy(page).replace("\\-", "-");
                assert!(page.contains(&name), "{name}");
                for option in options {
                    assert!(page.contains(&format!("--{option}")), "{name} --{option}");
                }
            }
        }
    }

    #[test]
    fn pages_are_written_where_it_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("man1");
        man(Lang::Ja, &place).unwrap();
        let page = std::fs::read_to_string(place.join("noroshi-search.1")).unwrap();
        assert!(page.contains("検索"), "{page}");
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(man(Lang::En, &file).unwrap_err().code, "man.write");
    }
}
