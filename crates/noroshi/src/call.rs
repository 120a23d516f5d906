//! Running one command: through the running node's socket where there is one, in this process
//! where not. What it answers is collected and shown.

use std::io::{IsTerminal, Read};
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use noroshi_net::{Fetcher, Identity, Outbound, local};
use noroshi_node::home::Home;
use noroshi_node::messages::{render, text};
use noroshi_node::sink::Sink;
use noroshi_node::{Command, Event, Failure, Node, TaxiiCommand};
use noroshi_seal::SystemRng;

use crate::cli::Cli;
use crate::clock::clock;
use crate::outside::Network;

/// Run a command; its events are shown as they come and the last answer is given back.
pub(crate) fn run(cli: &Cli, command: &Command, quiet: bool) -> Result<Option<Event>, Failure> {
    let mut screen = Screen::new(cli, quiet);
    screen.aside = !cli.json
        && matches!(
            command,
            Command::Taxii(TaxiiCommand::Export { file: None, .. })
        );
    let reads_input = match command {
        Command::Import { paths, .. } => paths.iter().any(|path| path.as_os_str() == "-"),
        Command::Telemetry(telemetry) => telemetry.reads_input(),
        _ => false,
    };
    let socket = Home::at(&cli.home()).socket();
    match local::connect(&socket) {
        Some(stream) => through_socket(stream, command, reads_input, &mut screen)?,
        None => in_process(cli, command, reads_input, &mut screen)?,
    }
    screen.clear();
    Ok(screen.last)
}

fn through_socket(
    stream: std::os::unix::net::UnixStream,
    command: &Command,
    reads_input: bool,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let trouble = |error: &dyn std::fmt::Display| Failure::new("socket.failed", 1, error);
    let command = serde_json::to_value(command).map_err(|error| trouble(&error))?;
    let mut stdin = std::io::stdin();
    let input: Option<&mut (dyn Read + Send)> = if reads_input { Some(&mut stdin) } else { None };
    let mut failure: Option<Failure> = None;
    let exit = local::call(
        stream,
        &command,
        input,
        &mut |value| match serde_json::from_value::<Event>(value.clone()) {
            Ok(event) => {
                screen.send(event);
            }
            Err(_) => failure = serde_json::from_value(value["failure"].clone()).ok(),
        },
    )
    .map_err(|error| trouble(&error))?;
    match (exit, failure) {
        (0, _) => Ok(()),
        (_, Some(failure)) => Err(failure),
        (_, None) => Err(trouble(&"the node ended the call")),
    }
}

fn in_process(
    cli: &Cli,
    command: &Command,
    reads_input: bool,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let node = open(cli, screen)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::new("internal", 1, error))?;
    let identity =
        Identity::new(&node.tls_key()).map_err(|error| Failure::new("key.damaged", 5, error))?;
    let outside = Network {
        outbound: Outbound::new(identity),
        fetcher: Fetcher::default(),
        handle: runtime.handle().clone(),
        wake: None,
    };
    let mut stdin = std::io::stdin();
    let input: Option<&mut dyn Read> = if reads_input { Some(&mut stdin) } else { None };
    let outcome = node.run(command.clone(), input, &outside, screen);
    node.close()?;
    outcome
}

/// Open the node; what takes long at the start is shown.
pub(crate) fn open(cli: &Cli, screen: &mut Screen<'_>) -> Result<Node, Failure> {
    let mut progress = |done, total| screen.progress("progress-text", done, Some(total));
    let (clock, rng) = (clock(), Arc::new(SystemRng));
    let node = Node::open_telling(&cli.home(), clock, rng, &mut progress);
    screen.clear();
    node
}

/// Shows events to the person, or as JSON lines to a program.
pub(crate) struct Screen<'a> {
    cli: &'a Cli,
    /// Keep the last answer only.
    quiet: bool,
    /// Standard output is for what is exported: what is said of it goes to standard error.
    aside: bool,
    bar: Option<ProgressBar>,
    last: Option<Event>,
}

impl<'a> Screen<'a> {
    /// A screen that shows everything.
    pub(crate) fn new(cli: &'a Cli, quiet: bool) -> Self {
        Self {
            cli,
            quiet,
            aside: false,
            bar: None,
            last: None,
        }
    }

    fn progress(&mut self, label: &str, done: u64, total: Option<u64>) {
        if self.cli.json || !std::io::stderr().is_terminal() {
            return;
        }
        let label = text(self.cli.lang(), label, &[]);
        let bar = self.bar.get_or_insert_with(|| {
            let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
            if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:40}] {percent}% {eta}") {
                bar.set_style(style);
            }
            bar
        });
        bar.set_message(label);
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.set_position(done);
    }

    pub(crate) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Sink for Screen<'_> {
    fn send(&mut self, event: Event) -> bool {
        if let Event::Progress { label, done, total } = &event {
            self.progress(label, *done, *total);
            return true;
        }
        self.clear();
        if self.aside {
            show_aside(self.cli, &event);
        } else if !self.quiet {
            show(self.cli, &event);
        }
        if matches!(event, Event::Answer { .. }) {
            self.last = Some(event);
        }
        true
    }
}

/// Show one event.
pub(crate) fn show(cli: &Cli, event: &Event) {
    if cli.json {
        print(&serde_json::to_string(event).unwrap_or_default());
    } else {
        print(&render(cli.lang(), event));
    }
}

/// What is exported goes out as it is, everything else to standard error.
fn show_aside(cli: &Cli, event: &Event) {
    use std::io::Write;
    let _ = match event {
        Event::Row { kind, row } if kind == "export_part" => {
            let text = row["text"].as_str().unwrap_or_default();
            std::io::stdout().write_all(text.as_bytes())
        }
        _ => writeln!(std::io::stderr(), "{}", render(cli.lang(), event)),
    };
}

/// Print a text for the person. A reader that has gone away is no error.
pub(crate) fn print(text: &str) {
    use std::io::Write;
    if !text.is_empty() {
        let _ = writeln!(std::io::stdout(), "{text}");
    }
}

/// Tell the person something beside the answer, which may be going on to another program.
pub(crate) fn complain(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    noroshi_model::document::hex(bytes)
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
