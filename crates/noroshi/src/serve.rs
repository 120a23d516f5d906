//! `serve`: the link for partners, the socket for commands, and the loop that keeps exchanging.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use noroshi_model::{KeyId, NodeId};
use noroshi_net::{
    Clients, Fetcher, Identity, LinkService, Listener, Outbound, Refusal, Security, WebLimits,
    WebListener, local,
};
use noroshi_node::home::Home;
use noroshi_node::messages::{Lang, text};
use noroshi_node::sink::{Collected, Silent, Sink};
use noroshi_node::{Command, Event, Failure, Node, Outside};
use noroshi_taxii::{About, CursorKey, Desk, Taxii};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{Notify, Semaphore, watch};

use crate::call;
use crate::cli::Cli;
use crate::console;
use crate::interrupt::Signals;
use crate::outside::Network;
use crate::telemetry;

/// Between two looks at whether the ledger has lines that no checkpoint vouches for.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// How often standing collections are brought up to date.
const STANDING_EVERY: Duration = Duration::from_secs(5);

/// How often hits that wait are written.
const SIGHTINGS_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked which channels are due.
const CHANNELS_EVERY: Duration = Duration::from_secs(2);

/// Channels that are asked at one time.
const CHANNELS_AT_ONCE: usize = 3;

/// The node with its ports, as the servers use it.
struct Served {
    node: Arc<Node>,
    network: Arc<Network>,
}

pub(crate) fn run(cli: &Cli) -> Result<(), Failure> {
    let node = call::open(cli, &mut call::Screen::new(cli, false))?;
    node.keep_checkpoint()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("internal", 1, error))?;
    let served = runtime.block_on(serve(cli, node, runtime.handle().clone()))?;
    runtime.shutdown_timeout(Duration::from_secs(5));
    // Whoever still held it has been waited for.
    let node = Arc::try_unwrap(served)
        .ok()
        .and_then(|served| Arc::try_unwrap(served.node).ok());
    let closed = node.map_or(Ok(()), Node::close);
    let _ = std::fs::remove_file(Home::at(&cli.home()).socket());
    closed?;
    if cli.json {
        let stopped = serde_json::json!({ "event": "answer", "kind": "stopped", "answer": {} });
        call::print(&stopped.to_string());
    } else {
        call::print(&text(cli.lang(), "serve-stop", &[]));
    }
    Ok(())
}

async fn serve(
    cli: &Cli,
    node: Node,
    handle: tokio::runtime::Handle,
) -> Result<Arc<Served>, Failure> {
    let refused = |what: &str, error: &dyn std::fmt::Display| {
        Failure::new("serve.failed", 1, format_args!("{what}: {error}"))
    };
    let identity =
        Identity::new(&node.tls_key()).map_err(|error| Failure::new("key.damaged", 5, error))?;
    let listen = node.config().listen.clone();
    let listener = Listener::bind(&listen, &identity, noroshi_net::listen::Limits::default())
        .await
        .map_err(|error| refused(&listen, &error))?;
    let socket = Home::at(&cli.home()).socket();
    let commands = local::bind(&socket).map_err(|error| refused("the command socket", &error))?;
    let (wake, woken) = unbounded_channel();
    let interval = Duration::from_secs(node.config().sync_interval_seconds);
    let taxii = taxii_of(&node).await?;
    let console = console::bind(&node, &identity).await?;
    let network = Arc::new(Network {
        outbound: Outbound::new(identity),
        fetcher: Fetcher::default(),
        handle,
        wake: Some(wake),
    });
    let served = Arc::new(Served {
        node: Arc::new(node),
        network,
    });
    let mut signals = Signals::hear(false).map_err(|error| refused("signals", &error))?;
    let origin = taxii
        .as_ref()
        .and_then(|(listener, ..)| listener.origin().ok());
    let taxii_at = origin.map(|origin| format!("{origin}/taxii2/"));
    let (stop, stopped) = watch::channel(false);
    let watching = telemetry::begin(&served.node, &stopped).await?;
    greet(cli, &served, taxii_at.as_deref());
    if let Some(bound) = &console {
        console::greet(cli, &served.node, bound)?;
    }
    let (taxii_stopped, console_stopped) = (stopped.clone(), stopped.clone());
    let owner = rustix::process::getuid().as_raw();
    let link: Arc<dyn LinkService> = Arc::clone(&served) as _;
    let local: Arc<dyn local::LocalService> = Arc::clone(&served) as _;
    let mut tasks = vec![
        tokio::spawn(listener.serve(link, stopped.clone())),
        tokio::spawn(local::serve(commands, local, owner, stopped.clone())),
        tokio::spawn(checkpoint_loop(Arc::clone(&served), stopped.clone())),
        tokio::spawn(standing_loop(Arc::clone(&served), stopped.clone())),
        tokio::spawn(posted_loop(Arc::clone(&served), stopped.clone())),
        tokio::spawn(channel_loop(Arc::clone(&served), stopped.clone())),
        tokio::spawn(sightings_loop(Arc::clone(&served), stopped.clone())),
        tokio::spawn(matching_loop(Arc::clone(&served), stopped.clone())),
        tokio::spawn(exchange_loop(Arc::clone(&served), woken, interval, stopped)),
    ];
    tasks.extend(watching);
    if let Some((listener, about, secret)) = taxii {
        let desk: Arc<dyn Desk> = Arc::clone(&served.node) as _;
        let taxii = Taxii::new(desk, about, CursorKey::new(secret));
        tasks.push(tokio::spawn(listener.serve(Arc::new(taxii), taxii_stopped)));
    }
    if let Some(bound) = console {
        let outside: Arc<dyn Outside> = Arc::clone(&served.network) as _;
        let pages = console::site(Arc::clone(&served.node), outside, bound.seat);
        tasks.push(tokio::spawn(
            bound.listener.serve(Arc::new(pages), console_stopped),
        ));
    }
    signals.first().await;
    let _ = stop.send(true);
    for task in tasks {
        let _ = task.await;
    }
    Ok(served)
}

/// TAXII's server, where the configuration asks for one: bound, with what it says of itself and the
/// secret of its cursors.
async fn taxii_of(node: &Node) -> Result<Option<(WebListener, About, [u8; 32])>, Failure> {
    let Some(config) = &node.config().taxii else {
        return Ok(None);
    };
    let refused = |error: &dyn std::fmt::Display| {
        Failure::new(
            "serve.failed",
            1,
            format_args!("{}: {error}", config.listen),
        )
    };
    let security = match &config.tls {
        None => Security::plain(),
        Some((certificate, key)) => Security::from_pem(certificate, key, Clients::Programs)
            .map_err(|error| refused(&error))?,
    };
    let listener = WebListener::bind(&config.listen, security, WebLimits::default())
        .await
        .map_err(|error| refused(&error))?;
    let about = About {
        body_bytes_max: config.body_bytes_max,
        ..About::new(node.organisation_name())
    };
    Ok(Some((listener, about, node.cursor_secret()?)))
}

fn greet(cli: &Cli, served: &Served, taxii_at: Option<&str>) {
    let mut own = Collected::default();
    let _ = served
        .node
        .run(Command::PeerList, None, &*served.network, &mut own);
    let Some(Event::Row { row, .. }) = own.0.last() else {
        return;
    };
    let name = if cli.lang() == Lang::Ja {
        "name_ja"
    } else {
        "name_en"
    };
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if cli.json {
        let mut row = row.clone();
        row["taxii"] = taxii_at.into();
        call::print(
            &serde_json::json!({ "event": "answer", "kind": "serve", "answer": row }).to_string(),
        );
        return;
    }
    let args = [
        ("name", &*word(&row[name])),
        ("address", &*word(&row["address"])),
        ("digits", &*word(&row["fingerprint"]["digits"])),
    ];
    call::print(&text(cli.lang(), "serve-ready", &args));
    if let Some(url) = taxii_at {
        call::print(&text(cli.lang(), "serve-taxii", &[("url", url)]));
    }
    if let Some(count) = row["restoring"].as_u64().filter(|count| *count > 0) {
        let count = count.to_string();
        call::print(&text(cli.lang(), "serve-restoring", &[("count", &count)]));
    }
}

/// Sign a checkpoint over the ledger every hour in which lines were added.
async fn checkpoint_loop(served: Arc<Served>, mut stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(CHECKPOINT_INTERVAL);
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            _ = tick.tick() => {}
        }
        let served = Arc::clone(&served);
        // Should it fail, the next hour tries again, and the next start says why.
        let _ = tokio::task::spawn_blocking(move || served.node.keep_checkpoint()).await;
    }
}

/// Standing collections are filled by who imports or posts; what partners sent and what changed
/// rules opened or closed is looked for here.
async fn standing_loop(served: Arc<Served>, mut stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(STANDING_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            _ = tick.tick() => {}
        }
        let served = Arc::clone(&served);
        // What fails now is tried at the next tick; `doctor` tells of a store that fails.
        let _ =
            tokio::task::spawn_blocking(move || served.node.release_standing(&mut Silent)).await;
    }
}

/// What is posted is released beside the taking in of the next post.
async fn posted_loop(served: Arc<Served>, mut stop: watch::Receiver<bool>) {
    let posted = Arc::new(Notify::new());
    let wake = Arc::clone(&posted);
    served.node.on_posted(move || wake.notify_one());
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            () = posted.notified() => {}
        }
        let served = Arc::clone(&served);
        // What fails here is released by the standing loop.
        let _ = tokio::task::spawn_blocking(move || served.node.release_posted()).await;
    }
}

/// Ask the servers of others whose time has come; a slow one keeps the rest waiting only where all
/// the places are taken.
async fn channel_loop(served: Arc<Served>, mut stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(CHANNELS_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let places = Arc::new(Semaphore::new(CHANNELS_AT_ONCE));
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            _ = tick.tick() => {}
        }
        for name in served.node.channels_due().unwrap_or_default() {
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                break;
            };
            let (served, stopped) = (Arc::clone(&served), stop.clone());
            tokio::task::spawn_blocking(move || {
                let _place = place;
                // One that is being asked already is busy; what fails is kept with the channel.
                let mut until = Until(stopped);
                let _ = served
                    .node
                    .channel_round(&name, &*served.network, &mut until);
            });
        }
    }
}

/// Indicators at work follow every commit, on a thread of their own.
async fn matching_loop(served: Arc<Served>, stop: watch::Receiver<bool>) {
    loop {
        let (follower, stopped) = (Arc::clone(&served), stop.clone());
        let followed = tokio::task::spawn_blocking(move || {
            follower.node.follow_commits(&|| *stopped.borrow())
        });
        // A store that fails now may do better in a while; `doctor` tells of it.
        match followed.await {
            Ok(Ok(())) => return,
            _ if *stop.borrow() => return,
            _ => tokio::time::sleep(SIGHTINGS_EVERY).await,
        }
    }
}

/// Hits that wait are written, and sightings told anew as their time comes.
async fn sightings_loop(served: Arc<Served>, mut stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(SIGHTINGS_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            _ = tick.tick() => {}
        }
        let served = Arc::clone(&served);
        // What fails now waits for the next tick.
        let _ = tokio::task::spawn_blocking(move || served.node.write_sightings()).await;
    }
}

/// Watches nothing, and asks long work to end when the node stops.
struct Until(watch::Receiver<bool>);

impl Sink for Until {
    fn send(&mut self, _: Event) -> bool {
        !*self.0.borrow()
    }
}

/// Exchange with every peer now and then, and with a woken one at once. One peer that does not
/// answer keeps nobody else waiting.
async fn exchange_loop(
    served: Arc<Served>,
    mut woken: UnboundedReceiver<NodeId>,
    interval: Duration,
    mut stop: watch::Receiver<bool>,
) {
    let mut tick = tokio::time::interval(interval);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let peers: BTreeSet<NodeId> = tokio::select! {
            _ = stop.changed() => return,
            _ = tick.tick() => served.node.peers_to_sync().into_iter().collect(),
            peer = woken.recv() => match peer {
                Some(peer) => [peer].into(),
                None => return,
            },
        };
        let rounds: Vec<_> = peers
            .into_iter()
            .map(|peer| {
                let served = Arc::clone(&served);
                // A peer that cannot be reached is tried again at the next tick; `peer list` shows
                // its last contact and what waits.
                tokio::task::spawn_blocking(move || {
                    let _ = served.node.sync_with(&peer, &*served.network);
                    served.wake_others();
                })
            })
            .collect();
        for round in rounds {
            let _ = round.await;
        }
    }
}

impl Served {
    /// What one partner brought may be urgent for another, such as a recall that goes on.
    fn wake_others(&self) {
        for peer in self.node.take_wakes() {
            noroshi_node::Outside::wake(&*self.network, &peer);
        }
    }
}

impl LinkService for Served {
    fn peer_of(&self, key: &KeyId) -> Option<NodeId> {
        self.node.peer_of_tls(key)
    }

    fn introduced(&self, key: &KeyId, frames: &[u8]) -> Option<NodeId> {
        self.node.peer_introduced(key, frames)
    }

    fn exchange(&self, peer: &NodeId, frames: &[u8]) -> Result<Vec<u8>, Refusal> {
        let reply = self.node.exchange(peer, frames);
        self.wake_others();
        reply.map_err(|failure| refusal(&failure))
    }

    fn pair(&self, key: &KeyId, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.node
            .pair(key, message)
            .map_err(|failure| refusal(&failure))
    }

    fn recover(&self, key: &KeyId, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.node
            .recover(key, message)
            .map_err(|failure| refusal(&failure))
    }
}

/// What the other side is told: that it is refused, never why in terms of what is here.
fn refusal(failure: &Failure) -> Refusal {
    match failure.exit {
        3 => Refusal {
            status: 403,
            text: "refused".to_owned(),
        },
        _ => Refusal {
            status: 503,
            text: "the node cannot answer now; try again".to_owned(),
        },
    }
}

impl local::LocalService for Served {
    fn run(
        &self,
        command: Value,
        input: &mut dyn Read,
        send: &mut dyn FnMut(Value) -> bool,
    ) -> i32 {
        let command: Command = match serde_json::from_value(command) {
            Ok(command) => command,
            Err(error) => return fail(&Failure::new("command.unknown", 2, error), send),
        };
        let mut wire = Wire { send };
        match self
            .node
            .run(command, Some(input), &*self.network, &mut wire)
        {
            Ok(()) => 0,
            Err(failure) => fail(&failure, wire.send),
        }
    }
}

fn fail(failure: &Failure, send: &mut dyn FnMut(Value) -> bool) -> i32 {
    send(serde_json::json!({ "failure": failure }));
    failure.exit
}

/// Events as JSON on the socket.
struct Wire<'a> {
    send: &'a mut dyn FnMut(Value) -> bool,
}

impl Sink for Wire<'_> {
    fn send(&mut self, event: Event) -> bool {
        (self.send)(serde_json::to_value(event).unwrap_or_default())
    }
}
