//! The console on the server for HTTP, and the one link that leads to it.

use std::io::Read;
use std::sync::Arc;

use noroshi_console::{Console, Request as Asked, Response, Seat, Viewer};
use noroshi_net::web::{Answer, Feed, Request};
use noroshi_net::{Clients, Identity, Security, Site, WebLimits, WebListener};
use noroshi_node::config;
use noroshi_node::messages::text;
use noroshi_node::{Failure, Node};

use crate::call;
use crate::cli::Cli;

/// Connections of browsers at one time.
const CONNECTIONS: usize = 2048;

/// A bound listener, and where its pages are.
pub(crate) struct Bound {
    pub(crate) listener: WebListener,
    pub(crate) seat: Seat,
    origin: String,
}

/// Bind, where the configuration asks for a console.
pub(crate) async fn bind(node: &Node, identity: &Identity) -> Result<Option<Bound>, Failure> {
    let Some(config) = &node.config().console else {
        return Ok(None);
    };
    let refused = |error: &dyn std::fmt::Display| {
        let listen = config.listen;
        Failure::new("serve.failed", 1, format_args!("{listen}: {error}"))
    };
    let security = security(config, identity).map_err(|error| refused(&error))?;
    let limits = WebLimits {
        connections: CONNECTIONS,
        ..WebLimits::default()
    };
    let listener = WebListener::bind(&config.listen.to_string(), security, limits)
        .await
        .map_err(|error| refused(&error))?;
    let address = listener.address().map_err(|error| refused(&error))?;
    let scheme = if config.is_secure() { "https" } else { "http" };
    Ok(Some(Bound {
        listener,
        seat: Seat {
            is_secure: config.is_secure(),
            port: address.port(),
        },
        origin: format!("{scheme}://{address}"),
    }))
}

fn security(
    config: &config::Console,
    identity: &Identity,
) -> Result<Security, noroshi_net::SecurityError> {
    match &config.tls {
        Some((certificate, key)) => Security::from_pem(certificate, key, Clients::Browsers),
        None if config.is_secure() => Security::of(identity, Clients::Browsers),
        None => Ok(Security::plain()),
    }
}

/// Tell where the console is; while nobody has an account, with the code that sets up the first.
pub(crate) fn greet(cli: &Cli, node: &Node, bound: &Bound) -> Result<(), Failure> {
    let origin = &bound.origin;
    let link = match node.first_code()? {
        Some(made) => format!("{origin}/enrol?code={}", made.code),
        None => format!("{origin}/"),
    };
    if cli.json {
        let told = serde_json::json!({ "event": "answer", "kind": "console",
            "answer": { "link": link } });
        call::print(&told.to_string());
    } else {
        call::print(&text(cli.lang(), "serve-console", &[("link", &link)]));
    }
    Ok(())
}

/// The console as the server for HTTP asks it.
pub(crate) struct Pages(pub(crate) Console);

/// Larger than what any page takes: each takes less by itself.
const BODY_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What comes without files in it is no larger.
const FORM_BYTES_MAX: u64 = 64 * 1024;

impl Site for Pages {
    fn body_bytes_max(&self) -> u64 {
        BODY_BYTES_MAX
    }

    fn form_bytes_max(&self) -> u64 {
        FORM_BYTES_MAX
    }

    fn answer(&self, request: &Request, body: &mut dyn Read) -> Answer {
        let response = self.0.answer(&mut Asked {
            method: &request.method,
            path: &request.path,
            query: &request.query,
            from: request.from.ip(),
            header: &|name| request.header(name),
            body,
        });
        let mut answer = answer(response);
        if request.method == "HEAD" {
            answer.body.clear();
        }
        answer
    }

    fn streams(&self, path: &str) -> bool {
        path == "/live"
    }

    fn follow(&self, request: &Request) -> (Answer, Option<Box<dyn Feed>>) {
        let (response, viewer) = self.0.follow(&mut Asked {
            method: &request.method,
            path: &request.path,
            query: &request.query,
            from: request.from.ip(),
            header: &|name| request.header(name),
            body: &mut std::io::empty(),
        });
        let feed = viewer.map(|viewer| Box::new(Following(viewer)) as Box<dyn Feed>);
        (answer(response), feed)
    }

    fn busy(&self) -> Answer {
        answer(noroshi_console::plain(503))
    }

    fn failed(&self) -> Answer {
        answer(noroshi_console::plain(500))
    }
}

/// A viewer of the console as the server for HTTP asks it.
struct Following(Viewer);

impl Feed for Following {
    fn next(&mut self) -> Option<Vec<u8>> {
        self.0.news()
    }
}

fn answer(response: Response) -> Answer {
    Answer {
        status: response.status,
        headers: response.headers,
        length: response.body.len() as u64,
        body: response.body,
    }
}

/// The console of a node, ready to be served.
pub(crate) fn site(node: Arc<Node>, outside: Arc<dyn noroshi_node::Outside>, seat: Seat) -> Pages {
    Pages(Console::new(node, outside, seat))
}
