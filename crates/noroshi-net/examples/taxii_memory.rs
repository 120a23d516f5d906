//! A TAXII server whose desk keeps everything in memory, for real clients to be tried against. It
//! prints its address and ends when its standard input does.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test server for the terminal"
)]

#[path = "../../noroshi-taxii/tests/checklist/desk.rs"]
mod desk;

use std::sync::Arc;

use noroshi_net::{Security, WebLimits, WebListener};
use noroshi_taxii::{About, CursorKey, Taxii};
use tokio::sync::watch;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let limits = WebLimits {
        compress_here: true,
        ..WebLimits::default()
    };
    let mut about = About::new("A server in memory");
    about.page_max = 20;
    let taxii = Taxii::new(
        Arc::new(desk::Memory::default()),
        about,
        CursorKey::new([1; 32]),
    );
    let bound = WebListener::bind("127.0.0.1:0", Security::plain(), limits);
    let listener = runtime.block_on(bound).unwrap();
    println!("http://{}", listener.address().unwrap());
    let (stop, stopped) = watch::channel(false);
    let serving = runtime.spawn(listener.serve(Arc::new(taxii), stopped));
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
    drop(stop);
    runtime.block_on(serving).unwrap();
}
