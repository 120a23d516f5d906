//! A stream that does not wait for ever on a client that does not read.

use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// What a client must take in its time, in bytes.
const PACE: usize = 64 * 1024;

/// When a write waits, a term begins; it ends when so many bytes are through or none wait.
pub(super) struct Patient<S> {
    inner: S,
    time: Duration,
    term: Option<Pin<Box<Sleep>>>,
    taken: usize,
}

impl<S> Patient<S> {
    pub(super) fn new(inner: S, time: Duration) -> Self {
        Self {
            inner,
            time,
            term: None,
            taken: 0,
        }
    }

    fn waits<T>(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, Error>> {
        let time = self.time;
        let term = self.term.get_or_insert_with(|| Box::pin(sleep(time)));
        match term.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }

    fn wrote(
        &mut self,
        poll: Poll<Result<usize, Error>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<usize, Error>> {
        match poll {
            Poll::Ready(Ok(written)) => {
                self.taken += written;
                if self.taken >= PACE {
                    self.taken = 0;
                    self.term = None;
                }
                poll
            }
            Poll::Ready(Err(_)) => poll,
            Poll::Pending => self.waits(cx),
        }
    }

    fn settle<T>(
        &mut self,
        poll: Poll<Result<T, Error>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, Error>> {
        if poll.is_pending() {
            return self.waits(cx);
        }
        self.taken = 0;
        self.term = None;
        poll
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize, Error>> {
        let this = &mut *self;
        let poll = Pin::new(&mut this.inner).poll_write(cx, bytes);
        this.wrote(poll, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize, Error>> {
        let this = &mut *self;
        let poll = Pin::new(&mut this.inner).poll_write_vectored(cx, pieces);
        this.wrote(poll, cx)
    }

    /// Without it a page would be copied beside its headers once more.
    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = &mut *self;
        // It is asked when nothing waits above any more.
        let poll = Pin::new(&mut this.inner).poll_flush(cx);
        this.settle(poll, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = &mut *self;
        let poll = Pin::new(&mut this.inner).poll_shutdown(cx);
        this.settle(poll, cx)
    }
}
