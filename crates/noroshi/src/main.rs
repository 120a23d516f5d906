//! One binary: the node's server, its command line and the demonstration.

mod act;
mod backup;
mod call;
mod cli;
mod clock;
mod connect;
mod console;
mod crash;
mod demo;
mod interrupt;
mod language;
mod outside;
mod pattern;
mod restore;
mod secrets;
mod serve;
mod setup;
mod shell;
mod sigma;
mod telemetry;
mod token;

use std::process::ExitCode;

use noroshi_node::messages::{self, Lang};

use crate::cli::Task;

/// An import hands each object from thread to thread and frees it on another than the one that made
/// it: the system's allocator spends an eighth of the time on the locks this takes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match language::read(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err((failure, lang)) => {
            if failure.code == "usage.help" {
                call::print(failure.detail.trim_end());
            } else {
                let is_json = std::env::args_os().any(|arg| arg == "--json");
                complain(is_json, lang, &failure);
            }
            return ExitCode::from(u8::try_from(failure.exit).unwrap_or(1));
        }
    };
    let lang = cli.lang();
    crash::install(lang);
    let outcome = match cli.task() {
        Task::Demo(options) => {
            let voice = demo::Voice {
                lang,
                json: cli.json,
            };
            demo::run(voice, &options)
        }
        Task::Init(options) => setup::init(&cli, &options),
        Task::Serve => serve::run(&cli),
        Task::Completions(options) => {
            shell::completions(lang, &options.shell).map(|script| call::print(script.trim_end()))
        }
        Task::Man(options) => shell::man(lang, &options.folder),
        Task::Pattern(task) => pattern::run(lang, cli.json, &task),
        Task::Sigma(task) => sigma::run(lang, cli.json, &task),
        Task::Ask(asked) => act::run(&cli, asked),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(cli.json, lang, &failure);
            ExitCode::from(u8::try_from(failure.exit).unwrap_or(1))
        }
    }
}

#[expect(clippy::print_stderr, reason = "this is where errors reach the person")]
fn complain(is_json: bool, lang: Lang, failure: &noroshi_node::Failure) {
    if is_json {
        let text = serde_json::json!({ "event": "failure", "code": failure.code,
            "detail": failure.detail, "args": failure.args });
        eprintln!("{text}");
    } else {
        eprintln!("{}", messages::failure(lang, failure));
    }
}
