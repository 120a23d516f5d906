//! The local command socket: the same operating-system user talks to the running node.
//!
//! Protocol 1: messages with their length in four bytes (big endian) before them, 16 MiB at most.
//! The client sends the command as JSON, then its input in pieces, then an empty piece. The server
//! sends events as JSON, one a message, then `{"exit": n}`.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as StdStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};

/// Largest message.
const MESSAGE_BYTES_MAX: u32 = 16 * 1024 * 1024;
/// Size of a piece of input.
const PIECE: usize = 256 * 1024;
/// Longest path of a Unix socket (`sun_path`), less its closing NUL.
const PATH_BYTES_MAX: usize = 107;

/// Why the local socket cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The folder's path is too long for a socket.
    #[error("the path of the socket is longer than {PATH_BYTES_MAX} bytes: use a shorter --home")]
    PathTooLong,
    /// The operating system refuses.
    #[error("the local socket: {0}")]
    Io(#[from] std::io::Error),
    /// The other end does not speak this protocol.
    #[error("the local socket: the other end sent something that is not understood")]
    Protocol,
}

/// Runs commands that come over the socket. Called on a thread that may block.
pub trait LocalService: Send + Sync + 'static {
    /// Run one; `send` takes events and says whether anybody still listens. The exit code.
    fn run(&self, command: Value, input: &mut dyn Read, send: &mut dyn FnMut(Value) -> bool)
    -> i32;
}

/// Bind the socket for this user only. A socket left behind by a node that is gone is replaced:
/// the store's lock has already shown that no other node lives here.
///
/// # Errors
/// See [`LocalError`].
pub fn bind(path: &Path) -> Result<UnixListener, LocalError> {
    if path.as_os_str().len() > PATH_BYTES_MAX {
        return Err(LocalError::PathTooLong);
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serve commands until told to stop.
pub async fn serve(
    listener: UnixListener,
    service: Arc<dyn LocalService>,
    owner: u32,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        if !is_owner(&stream, owner) {
            continue;
        }
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            // A client that goes away in the middle ends its own call and nothing else.
            let _ = talk(stream, service).await;
        });
    }
}

fn is_owner(stream: &UnixStream, owner: u32) -> bool {
    stream
        .peer_cred()
        .is_ok_and(|credentials| credentials.uid() == owner)
}

async fn talk(mut stream: UnixStream, service: Arc<dyn LocalService>) -> Result<(), LocalError> {
    let command = receive(&mut stream).await?;
    let command: Value = serde_json::from_slice(&command).map_err(|_| LocalError::Protocol)?;
    let (mut from_client, mut to_client) = stream.into_split();
    let (pieces_out, pieces_in) = sync_channel::<Vec<u8>>(4);
    let (events_out, mut events_in) = mpsc::channel::<Value>(64);
    let reader = tokio::spawn(async move {
        while let Ok(piece) = receive(&mut from_client).await {
            let last = piece.is_empty();
            // Handed over on a thread that may wait: the pipe is bounded.
            let pieces = pieces_out.clone();
            let handed = tokio::task::spawn_blocking(move || last || pieces.send(piece).is_ok());
            if last || !handed.await.unwrap_or(false) {
                return;
            }
        }
    });
    let worker = tokio::task::spawn_blocking(move || {
        let mut input = Pieces {
            pieces: pieces_in,
            left: Vec::new(),
            at: 0,
        };
        let mut send = |event: Value| events_out.blocking_send(event).is_ok();
        service.run(command, &mut input, &mut send)
    });
    while let Some(event) = events_in.recv().await {
        let bytes = serde_json::to_vec(&event).map_err(|_| LocalError::Protocol)?;
        send(&mut to_client, &bytes).await?;
    }
    let exit = worker.await.unwrap_or(1);
    let last = serde_json::to_vec(&serde_json::json!({ "exit": exit }));
    send(&mut to_client, &last.map_err(|_| LocalError::Protocol)?).await?;
    reader.abort();
    Ok(())
}

async fn receive(stream: &mut (impl AsyncReadExt + Unpin)) -> Result<Vec<u8>, LocalError> {
    let length = stream.read_u32().await?;
    if length > MESSAGE_BYTES_MAX {
        return Err(LocalError::Protocol);
    }
    let mut bytes = Vec::new();
    let read = stream
        .take(u64::from(length))
        .read_to_end(&mut bytes)
        .await?;
    if read as u64 == u64::from(length) {
        Ok(bytes)
    } else {
        Err(LocalError::Protocol)
    }
}

async fn send(stream: &mut (impl AsyncWriteExt + Unpin), bytes: &[u8]) -> Result<(), LocalError> {
    let length = u32::try_from(bytes.len()).map_err(|_| LocalError::Protocol)?;
    if length > MESSAGE_BYTES_MAX {
        return Err(LocalError::Protocol);
    }
    stream.write_u32(length).await?;
    stream.write_all(bytes).await?;
    Ok(())
}

/// The client's input, piece by piece, as a reader.
struct Pieces {
    pieces: Receiver<Vec<u8>>,
    left: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.left.len() {
            match self.pieces.recv() {
                Ok(piece) => (self.left, self.at) = (piece, 0),
                Err(_) => return Ok(0),
            }
        }
        let rest = &self.left[self.at..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

/// Connect to a node's socket; `None` when no node answers there.
#[must_use]
pub fn connect(path: &Path) -> Option<StdStream> {
    StdStream::connect(path).ok()
}

/// Run a command over the socket; events go to `on_event`. The exit code.
///
/// # Errors
/// See [`LocalError`].
pub fn call(
    mut stream: StdStream,
    command: &Value,
    input: Option<&mut (dyn Read + Send)>,
    on_event: &mut dyn FnMut(Value),
) -> Result<i32, LocalError> {
    let bytes = serde_json::to_vec(command).map_err(|_| LocalError::Protocol)?;
    write(&mut stream, &bytes)?;
    let mut writer = stream.try_clone()?;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // Input goes on its own thread, so that events are read while it is sent.
            let mut piece = vec![0; PIECE];
            if let Some(input) = input {
                while let Ok(count) = input.read(&mut piece) {
                    if count == 0 || write(&mut writer, &piece[..count]).is_err() {
                        break;
                    }
                }
            }
            let _ = write(&mut writer, &[]);
        });
        loop {
            let event: Value =
                serde_json::from_slice(&read(&mut stream)?).map_err(|_| LocalError::Protocol)?;
            if let Some(exit) = event.get("exit").and_then(Value::as_i64) {
                return Ok(i32::try_from(exit).unwrap_or(1));
            }
            on_event(event);
        }
    })
}

fn write(stream: &mut StdStream, bytes: &[u8]) -> Result<(), LocalError> {
    let length = u32::try_from(bytes.len()).map_err(|_| LocalError::Protocol)?;
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(bytes)?;
    Ok(())
}

fn read(stream: &mut StdStream) -> Result<Vec<u8>, LocalError> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > MESSAGE_BYTES_MAX {
        return Err(LocalError::Protocol);
    }
    let mut bytes = Vec::new();
    stream.take(u64::from(length)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == u64::from(length) {
        Ok(bytes)
    } else {
        Err(LocalError::Protocol)
    }
}
