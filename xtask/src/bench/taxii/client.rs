//! An HTTP client of the bench's own: one connection, one request after the other, and nothing
//! parsed that need not be.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;

use anyhow::{Context, Result};

/// Where a server takes and gives objects, and how to be let in.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) address: String,
    pub(super) objects: String,
    pub(super) authorization: String,
}

/// What a server answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// A connection to a server.
pub(super) type Line = BufReader<TcpStream>;

impl Server {
    #[expect(clippy::disallowed_methods, reason = "a bench is a client of its own")]
    pub(super) fn connect(&self) -> Result<Line> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        Ok(BufReader::with_capacity(1 << 20, stream))
    }

    /// One request on a connection that stays open; on one that the server closed, another.
    pub(super) fn ask(
        &self,
        line: &mut Line,
        method: &str,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<Answer> {
        let media = "application/taxii+json;version=2.1";
        let length = body.map_or(0, <[u8]>::len);
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nAccept: {media}\r\n",
            self.address, self.authorization
        );
        if body.is_some() {
            head += &format!("Content-Type: {media}\r\nContent-Length: {length}\r\n");
        }
        head += "\r\n";
        let stream = line.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.unwrap_or_default())?;
        let answer = answer(line)?;
        if answer.1 {
            *line = self.connect()?;
        }
        Ok(answer.0)
    }
}

/// An answer with its length, and whether the connection ends with it.
fn answer(line: &mut Line) -> Result<(Answer, bool)> {
    let mut first = String::new();
    line.read_line(&mut first)?;
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("no answer: {first}"))?;
    let (mut length, mut closes) = (None, first.starts_with("HTTP/1.0"));
    loop {
        let mut header = String::new();
        line.read_line(&mut header)?;
        let header = header.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = Some(value.trim().parse::<usize>()?);
        }
        closes |= header == "connection: close";
    }
    let mut body = Vec::new();
    match length {
        Some(length) => {
            body.resize(length, 0);
            line.read_exact(&mut body)?;
        }
        None => {
            line.read_to_end(&mut body)?;
            closes = true;
        }
    }
    Ok((Answer { status, body }, closes))
}
