//! A person or the system asks the process to stop.

use std::io;
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// The signals that ask: the terminal's Ctrl-C, the administrator's kill, and for who lives with a
/// terminal its end.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl Signals {
    /// From now on they are heard here, and do not end the process. Called within a runtime. A
    /// server goes on after its terminal: it leaves the hangup to whoever started it.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn hear(with_hangup: bool) -> io::Result<Self> {
        let hangup = with_hangup.then(|| signal(SignalKind::hangup()));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: hangup.transpose()?,
        })
    }

    /// Wait for the first.
    pub(crate) async fn first(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
    }
}

/// Did a signal come? For work that has no runtime of its own.
#[derive(Clone)]
pub(crate) struct Interrupt {
    runtime: Arc<Runtime>,
    told: watch::Receiver<bool>,
}

impl Interrupt {
    /// Listen from now on.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn listen() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let mut signals = {
            let _inside = runtime.enter();
            Signals::hear(true)?
        };
        let (tell, told) = watch::channel(false);
        runtime.spawn(async move {
            signals.first().await;
            // Nobody waits any more where this fails.
            let _ = tell.send(true);
        });
        Ok(Self {
            runtime: Arc::new(runtime),
            told,
        })
    }

    /// Did one come?
    pub(crate) fn came(&self) -> bool {
        *self.told.borrow()
    }

    /// Wait until one comes.
    pub(crate) fn wait(&self) {
        let mut told = self.told.clone();
        // An error would mean that nobody listens any more: then there is nothing to wait for.
        let _ = self.runtime.block_on(told.wait_for(|came| *came));
    }
}
