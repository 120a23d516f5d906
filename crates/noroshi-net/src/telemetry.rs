//! Telemetry from sockets: syslog over UDP, TCP and TLS.
//!
//! What comes is handed on as whole lines through a queue that is bounded; what it means is decided
//! elsewhere. Over TCP a full queue makes the sender wait. Over UDP it cannot: what finds no room
//! is dropped and counted, and so is what the system itself had to drop.

mod frames;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::timeout;

use crate::web::Security;
use frames::Frames;

/// Batches of lines that wait; one is of about [`BATCH_BYTES`].
const QUEUE_BATCHES: usize = 64;
/// Bytes of lines that are handed on together, where so many are there.
const BATCH_BYTES: usize = 64 * 1024;
/// Largest datagram.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// Senders over TCP at one time.
const SENDERS_MAX: usize = 256;
/// How long a sender may say nothing.
const SILENCE_MAX: Duration = Duration::from_secs(3600);
/// For the TLS handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// How often the system is asked what it dropped.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What did not get through.
#[derive(Default)]
pub struct Lost {
    here: AtomicU64,
    system: AtomicU64,
    overlong: AtomicU64,
}

impl Lost {
    /// Messages that were dropped: here because the queue was full, or by the system.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.here.load(Ordering::Relaxed) + self.system.load(Ordering::Relaxed)
    }

    /// Messages above the cap.
    #[must_use]
    pub fn overlong(&self) -> u64 {
        self.overlong.load(Ordering::Relaxed)
    }
}

/// A bound receiver of syslog.
pub struct Syslog {
    socket: Socket,
    lost: Arc<Lost>,
}

enum Socket {
    Udp(UdpSocket),
    Tcp(TcpListener, Security),
}

impl Syslog {
    /// Bind for datagrams.
    ///
    /// # Errors
    /// The address is taken or not this machine's.
    pub async fn udp(address: SocketAddr) -> std::io::Result<Self> {
        let socket = Socket::Udp(UdpSocket::bind(address).await?);
        Ok(Self {
            socket,
            lost: Arc::default(),
        })
    }

    /// Bind for streams, over TLS where there is a certificate.
    ///
    /// # Errors
    /// The address is taken or not this machine's.
    pub async fn tcp(address: SocketAddr, security: Security) -> std::io::Result<Self> {
        let socket = Socket::Tcp(TcpListener::bind(address).await?, security);
        Ok(Self {
            socket,
            lost: Arc::default(),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The operating system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        match &self.socket {
            Socket::Udp(socket) => socket.local_addr(),
            Socket::Tcp(listener, _) => listener.local_addr(),
        }
    }

    /// What did not get through, to be asked while it is served.
    #[must_use]
    pub fn lost(&self) -> Arc<Lost> {
        Arc::clone(&self.lost)
    }

    /// The queue that [`Syslog::serve`] fills, and its end for who reads.
    #[must_use]
    pub fn queue() -> (mpsc::Sender<Vec<u8>>, mpsc::Receiver<Vec<u8>>) {
        mpsc::channel(QUEUE_BATCHES)
    }

    /// Receive until told to stop.
    pub async fn serve(self, queue: mpsc::Sender<Vec<u8>>, stop: watch::Receiver<bool>) {
        match self.socket {
            Socket::Udp(socket) => datagrams(&socket, &queue, &self.lost, stop).await,
            Socket::Tcp(listener, security) => {
                streams(&listener, &security, queue, self.lost, stop).await;
            }
        }
    }
}

async fn datagrams(
    socket: &UdpSocket,
    queue: &mpsc::Sender<Vec<u8>>,
    lost: &Lost,
    mut stop: watch::Receiver<bool>,
) {
    let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
    let mut look = tokio::time::interval(LOOK_EVERY);
    let port = socket.local_addr().map_or(0, |address| address.port());
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut datagram) => received,
            _ = look.tick() => {
                lost.system.store(dropped_by_system(port), Ordering::Relaxed);
                continue;
            }
            _ = stop.changed() => return,
        };
        let mut batch = Vec::new();
        let mut count = 0;
        let mut next = received.ok().map(|(length, _)| length);
        while let Some(length) = next {
            frames::message(&datagram[..length], &mut batch);
            count += 1;
            next = match batch.len() < BATCH_BYTES {
                true => socket.try_recv(&mut datagram).ok(),
                false => None,
            };
        }
        if !batch.is_empty() && queue.try_send(batch).is_err() {
            lost.here.fetch_add(count, Ordering::Relaxed);
        }
    }
}

/// What the system dropped because nobody fetched it, for all sockets of this port.
fn dropped_by_system(port: u16) -> u64 {
    let tables = ["/proc/self/net/udp", "/proc/self/net/udp6"].map(std::fs::read_to_string);
    let tables = tables.into_iter().flatten();
    tables.map(|table| frames::drops(&table, port)).sum()
}

async fn streams(
    listener: &TcpListener,
    security: &Security,
    queue: mpsc::Sender<Vec<u8>>,
    lost: Arc<Lost>,
    mut stop: watch::Receiver<bool>,
) {
    let seats = Arc::new(Semaphore::new(SENDERS_MAX));
    loop {
        let Ok(seat) = Arc::clone(&seats).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => return,
        };
        // An error here is one connection's, or too many open files: the next may succeed.
        let Ok((tcp, _)) = accepted else {
            tokio::task::yield_now().await;
            continue;
        };
        let (queue, lost, tls) = (queue.clone(), Arc::clone(&lost), security.acceptor());
        let mut stop = stop.clone();
        tokio::spawn(async move {
            let _seat = seat;
            let heard = async {
                match tls {
                    None => stream(tcp, &queue, &lost).await,
                    Some(tls) => {
                        if let Ok(Ok(tcp)) = timeout(HANDSHAKE_MAX, tls.accept(tcp)).await {
                            stream(tcp, &queue, &lost).await;
                        }
                    }
                }
            };
            tokio::select! {
                () = heard => {}
                _ = stop.changed() => {}
            }
        });
    }
}

async fn stream<S: AsyncRead + Unpin>(mut from: S, queue: &mpsc::Sender<Vec<u8>>, lost: &Lost) {
    let mut frames = Frames::default();
    let mut piece = vec![0; BATCH_BYTES];
    loop {
        let read = timeout(SILENCE_MAX, from.read(&mut piece)).await;
        let Ok(Ok(count)) = read else { return };
        let mut batch = Vec::new();
        if count == 0 {
            frames.end(&mut batch);
        } else {
            frames.push(&piece[..count], &mut batch);
        }
        lost.overlong
            .fetch_add(frames.take_overlong(), Ordering::Relaxed);
        // A full queue makes the sender wait.
        if !batch.is_empty() && queue.send(batch).await.is_err() || count == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn datagrams_become_lines_and_a_flood_is_bounded_and_counted() {
        let syslog = Syslog::udp("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (address, lost) = (syslog.address().unwrap(), syslog.lost());
        let (queue, mut taken) = mpsc::channel(1);
        let (_stop, stopped) = watch::channel(false);
        tokio::spawn(syslog.serve(queue, stopped));
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        sender
            .send_to(b"<34>one\nand more\n", address)
            .await
            .unwrap();
        assert_eq!(taken.recv().await.unwrap(), b"<34>one and more\n");
        // Nobody reads: one batch waits, everything else is dropped.
        while lost.dropped() < 10 {
            sender.send_to(b"<34>flood", address).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert!(taken.recv().await.unwrap().starts_with(b"<34>flood\n"));
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the test is the sender that calls"
    )]
    #[tokio::test]
    async fn streams_are_counted_or_ended_and_one_sender_hides_no_other() {
        use tokio::io::AsyncWriteExt as _;
        let address = "127.0.0.1:0".parse().unwrap();
        let syslog = Syslog::tcp(address, Security::plain()).await.unwrap();
        let address = syslog.address().unwrap();
        let (queue, mut taken) = Syslog::queue();
        let (_stop, stopped) = watch::channel(false);
        tokio::spawn(syslog.serve(queue, stopped));
        let mut broken = tokio::net::TcpStream::connect(address).await.unwrap();
        broken.write_all(b"99 <1>never whole").await.unwrap();
        let mut sender = tokio::net::TcpStream::connect(address).await.unwrap();
        sender.write_all(b"6 <34>ab<34>plain\n").await.unwrap();
        assert_eq!(taken.recv().await.unwrap(), b"<34>ab\n<34>plain\n");
        // What a sender has said when it goes is taken.
        drop(broken);
        assert_eq!(taken.recv().await.unwrap(), b"<1>never whole\n");
    }
}
