//! Channels: other people's servers, with every lie they tell; refusals first.

mod feeds;
mod lies;
mod orders;
mod push;
mod server;

use serde_json::{Value, json};

use super::stage::{Party, Stage, id, object};
use crate::command::{Command, Event, Failure};
use crate::{ConnectCommand, RoundAnswer, Server};
use server::{COLLECTION, Fake, ROOT};

fn connect(command: ConnectCommand) -> Command {
    Command::Connect(command)
}

/// The order of a channel from the fake server's collection.
fn pull(party: &Party, name: &str) -> Command {
    connect(ConnectCommand::Set {
        name: name.into(),
        title: None,
        server: at(ROOT),
        collection: Some(COLLECTION.into()),
        pull: Some("cert".into()),
        push: None,
        every_seconds: Some(600),
        person: party.first().into(),
    })
}

fn at(url: &str) -> Server {
    Server {
        url: url.into(),
        ..Server::default()
    }
}

/// What a command answers with the fake server outside.
fn ask(party: &Party, fake: &Fake, command: Command) -> Result<Vec<Event>, Failure> {
    let mut sink = crate::sink::Collected::default();
    party.node.run(command, None, fake, &mut sink)?;
    Ok(sink.0)
}

/// An order that needs the server, signed by both persons.
fn order(party: &Party, fake: &Fake, command: Command) {
    let act = prepare(party, fake, command).unwrap();
    for who in [0, 1] {
        party.endorse(&act, who).unwrap();
    }
}

fn prepare(
    party: &Party,
    fake: &Fake,
    command: Command,
) -> Result<crate::command::ActAnswer, Failure> {
    let events = ask(party, fake, command)?;
    let Some(Event::Answer { answer, .. }) = events.last() else {
        panic!("no answer");
    };
    Ok(serde_json::from_value(answer.clone()).unwrap())
}

/// A stage whose first party has a channel to the fake server.
fn connected() -> (Stage, Fake) {
    let stage = Stage::new();
    stage.jp.profile("cert", "TLP:GREEN", false);
    let fake = Fake::default();
    order(&stage.jp, &fake, pull(&stage.jp, "cert"));
    (stage, fake)
}

fn round(party: &Party, fake: &Fake) -> RoundAnswer {
    named_round(party, fake, "cert")
}

fn named_round(party: &Party, fake: &Fake, name: &str) -> RoundAnswer {
    let mut silent = crate::sink::Silent;
    party.node.channel_round(name, fake, &mut silent).unwrap()
}

fn shown(party: &Party, name: &str) -> Value {
    party.ask(connect(ConnectCommand::Show { name: name.into() }))
}

/// Objects with these numbers.
fn objects(numbers: std::ops::Range<u32>) -> Vec<Value> {
    numbers.map(|number| object(number, 20)).collect()
}

fn envelope(objects: &[Value]) -> Value {
    json!({ "objects": objects })
}
