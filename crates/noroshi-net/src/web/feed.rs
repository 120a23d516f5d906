//! Answers that go on: a stream says something whenever there is something to say, until whoever
//! speaks ends it or the client goes. Each takes a seat of its own and no reader's; few look at one
//! time, so that many viewers cost memory and no threads.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body_util::{Either, Full};
use hyper::Response;
use hyper::body::{Body, Bytes, Frame};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{House, Request, sent};

/// Streams that look at one time.
pub(super) const LOOKS: usize = 4;
/// After so many looks with nothing to say a stream says so: a client that is gone is noticed.
const QUIET_LOOKS: u32 = 8;
/// What is said then; clients pass over it.
const QUIET: &[u8] = b":\n\n";

/// What a stream says.
pub trait Feed: Send + 'static {
    /// The next piece; an empty one where there is nothing to say, `None` where it is over. Blocks,
    /// and is never called on a thread of the runtime.
    fn next(&mut self) -> Option<Vec<u8>>;
}

/// The body of an answer that goes on.
pub(super) struct Pieces {
    pieces: mpsc::Receiver<Bytes>,
    _seat: OwnedSemaphorePermit,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.poll_recv(context);
        piece.map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// Answer a request for a stream.
pub(super) async fn follow(
    request: Request,
    house: Arc<House>,
) -> Response<Either<Full<Bytes>, Pieces>> {
    let busy = |house: &House| sent(house.site.busy(), None, None).map(Either::Left);
    let Ok(seat) = Arc::clone(&house.viewers).try_acquire_owned() else {
        return busy(&house);
    };
    let Ok(Ok(turn)) = timeout(house.limits.turn_time, house.readers.acquire()).await else {
        return busy(&house);
    };
    let site = Arc::clone(&house.site);
    let asked = tokio::task::spawn_blocking(move || site.follow(&request)).await;
    drop(turn);
    let (answer, feed) = match asked {
        Ok(asked) => asked,
        Err(_) => (house.site.failed(), None),
    };
    let Some(feed) = feed else {
        return sent(answer, None, None).map(Either::Left);
    };
    let (said, pieces) = mpsc::channel(1);
    let first = Bytes::from(answer.body.clone());
    let mut response = sent(answer, None, None).map(|_| {
        Either::Right(Pieces {
            pieces,
            _seat: seat,
        })
    });
    response.headers_mut().remove("content-length");
    tokio::spawn(speak(feed, first, said, house));
    response
}

async fn speak(
    mut feed: Box<dyn Feed>,
    first: Bytes,
    said: mpsc::Sender<Bytes>,
    house: Arc<House>,
) {
    if said.send(first).await.is_err() {
        return;
    }
    let mut tick = interval(house.limits.look_time);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut quiet = 0;
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = said.closed() => return,
        }
        let Ok(look) = house.looks.acquire().await else {
            return;
        };
        let work = tokio::task::spawn_blocking(move || {
            let piece = feed.next();
            (feed, piece)
        });
        let Ok((back, Some(piece))) = work.await else {
            return;
        };
        drop(look);
        feed = back;
        quiet = if piece.is_empty() { quiet + 1 } else { 0 };
        let piece = match piece.is_empty() {
            true if quiet < QUIET_LOOKS => continue,
            true => Bytes::from_static(QUIET),
            false => Bytes::from(piece),
        };
        quiet = 0;
        // One that does not read is ended by the connection's own patience.
        if said.send(piece).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::sync::watch;

    use super::super::{Answer, Security, Site, WebLimits, WebListener};
    use super::{Arc, Feed, Request};

    /// Counts to three, or is silent for ever.
    struct Count(Option<u8>);

    impl Feed for Count {
        fn next(&mut self) -> Option<Vec<u8>> {
            let Some(count) = &mut self.0 else {
                return Some(Vec::new());
            };
            *count += 1;
            (*count <= 3).then(|| format!("{count};").into_bytes())
        }
    }

    struct Counting;

    impl Site for Counting {
        fn body_bytes_max(&self) -> u64 {
            0
        }

        fn answer(&self, _: &Request, _: &mut dyn Read) -> Answer {
            Answer {
                status: 204,
                ..Answer::default()
            }
        }

        fn streams(&self, path: &str) -> bool {
            path != "/plain"
        }

        fn follow(&self, request: &Request) -> (Answer, Option<Box<dyn Feed>>) {
            let answer = Answer {
                status: 200,
                body: b"0;".to_vec(),
                ..Answer::default()
            };
            let feed: Box<dyn Feed> = match request.path.as_str() {
                "/count" => Box::new(Count(Some(0))),
                _ => Box::new(Count(None)),
            };
            (answer, Some(feed))
        }

        fn busy(&self) -> Answer {
            Answer {
                status: 503,
                ..Answer::default()
            }
        }

        fn failed(&self) -> Answer {
            self.busy()
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the test is the browser that calls"
    )]
    async fn ask(address: std::net::SocketAddr, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn told(mut stream: TcpStream) -> String {
        let mut told = String::new();
        stream.read_to_string(&mut told).await.unwrap();
        told
    }

    #[tokio::test]
    async fn a_stream_has_a_seat_ends_with_its_feed_and_gives_the_seat_back() {
        let limits = WebLimits {
            viewers: 1,
            look_time: Duration::from_millis(1),
            ..WebLimits::default()
        };
        let listener = WebListener::bind("127.0.0.1:0", Security::plain(), limits);
        let listener = listener.await.unwrap();
        let address = listener.address().unwrap();
        let (_stop, stopped) = watch::channel(false);
        tokio::spawn(listener.serve(Arc::new(Counting), stopped));
        let silent = {
            let mut silent = ask(address, "/silent").await;
            let mut begin = [0; 12];
            silent.read_exact(&mut begin).await.unwrap();
            assert_eq!(&begin, b"HTTP/1.1 200");
            silent
        };
        assert!(told(ask(address, "/count").await).await.contains(" 503 "));
        // Pages are answered however many look.
        assert!(told(ask(address, "/plain").await).await.contains(" 204 "));
        drop(silent);
        // The seat is free when the stream has noticed that nobody listens.
        let all = loop {
            let all = told(ask(address, "/count").await).await;
            if !all.contains(" 503 ") {
                break all;
            }
        };
        let pieces = ["0;", "1;", "2;", "3;"].map(|piece| all.find(piece).expect("said"));
        assert!(pieces.is_sorted(), "{all}");
        assert!(all.ends_with("0\r\n\r\n"), "{all}");
    }
}
