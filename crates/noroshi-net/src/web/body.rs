//! A body on its way from the socket to whoever reads it on a blocking thread: what clients post
//! here, and what servers elsewhere answer.

use std::io::Read;
use std::pin::pin;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use noroshi_taxii::BodyFault;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::WebLimits;

/// Pieces between socket and reader; a piece is at most what hyper reads at once.
const PIECES: usize = 4;

type Piece = Result<Bytes, BodyFault>;

/// The end at the socket.
pub(crate) struct Pipe {
    incoming: Incoming,
    begin: oneshot::Receiver<()>,
    pieces: mpsc::Sender<Piece>,
    bytes_left: u64,
    /// The client sends nothing before it is told to.
    expects: bool,
    piece_time: Duration,
    body_time: Duration,
    rest_bytes_max: usize,
}

/// The end at the reader.
pub(crate) struct PipeReader {
    begin: Option<oneshot::Sender<()>>,
    pieces: mpsc::Receiver<Piece>,
    piece: Bytes,
}

/// How a body went.
enum Fed {
    /// Nothing more is read of it.
    Over,
    /// Its reader is gone or wants no more.
    Left,
}

impl Pipe {
    pub(crate) fn new(
        incoming: Incoming,
        bytes_max: u64,
        expects: bool,
        limits: &WebLimits,
    ) -> (Self, PipeReader) {
        let (begin_sender, begin) = oneshot::channel();
        let (sender, pieces) = mpsc::channel(PIECES);
        let pipe = Self {
            incoming,
            begin,
            pieces: sender,
            bytes_left: bytes_max,
            expects,
            piece_time: limits.piece_time,
            body_time: limits.body_time,
            rest_bytes_max: limits.rest_bytes_max,
        };
        let reader = PipeReader {
            begin: Some(begin_sender),
            pieces,
            piece: Bytes::new(),
        };
        (pipe, reader)
    }

    /// Nothing is read from the socket before the reader asks.
    pub(crate) async fn run(mut self) {
        let wanted = (&mut self.begin).await.is_ok();
        let left = if wanted {
            matches!(self.feed().await, Fed::Left)
        } else {
            !self.expects
        };
        if left {
            let time = self.piece_time;
            let _ = timeout(time, self.pass_over()).await;
        }
    }

    async fn feed(&mut self) -> Fed {
        let mut whole = pin!(sleep(self.body_time));
        loop {
            // What is there already is never too late: it was the reader who was slow.
            let frame = tokio::select! {
                biased;
                frame = self.incoming.frame() => frame,
                () = &mut whole => return self.fail(BodyFault::Slow, Fed::Over).await,
                () = sleep(self.piece_time) => return self.fail(BodyFault::Slow, Fed::Over).await,
            };
            let bytes = match frame {
                None => return Fed::Over,
                Some(Err(_)) => return self.fail(BodyFault::Broken, Fed::Over).await,
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            };
            match self.bytes_left.checked_sub(bytes.len() as u64) {
                Some(left) => self.bytes_left = left,
                None => return self.fail(BodyFault::TooLarge, Fed::Left).await,
            }
            if self.pieces.send(Ok(bytes)).await.is_err() {
                return Fed::Left;
            }
        }
    }

    async fn fail(&self, fault: BodyFault, fed: Fed) -> Fed {
        // Without a reader there is nobody to tell.
        let _ = self.pieces.send(Err(fault)).await;
        fed
    }

    async fn pass_over(&mut self) {
        let mut left = self.rest_bytes_max;
        while let Some(Ok(frame)) = self.incoming.frame().await {
            let bytes = frame.into_data().map_or(0, |bytes| bytes.len());
            match left.checked_sub(bytes) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    }
}

impl Read for PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if let Some(begin) = self.begin.take() {
            let _ = begin.send(());
        }
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                None => return Ok(0),
                Some(piece) => self.piece = piece?,
            }
        }
        let count = buffer.len().min(self.piece.len());
        buffer[..count].copy_from_slice(&self.piece.split_to(count));
        Ok(count)
    }
}
