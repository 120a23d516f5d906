//! Compression both ways, with a limit on what a few bytes may become.

use std::cell::Cell;
use std::io::{Read, Result, Write};
use std::rc::Rc;

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use hyper::header::HeaderValue;
use noroshi_taxii::BodyFault;

use super::Answer;

/// Bytes that a compressed body may become before its ratio counts.
const FREE: u64 = 4 * 1024 * 1024;
/// How many bytes one compressed byte may become. Feeds of indicators reach some dozens.
const RATIO: u64 = 100;
/// Smaller bodies are sent as they are.
const WORTH: usize = 1024;
/// Brotli's quality of 11: about as fast as gzip's first level, and smaller.
const BROTLI_QUALITY: i32 = 3;
/// Brotli's window: 4 MiB.
const BROTLI_WINDOW: i32 = 22;

/// One that answers may be sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Brotli,
}

/// The one a client prefers; gzip where it likes both as much, for it costs us less.
pub(super) fn wanted(header: &str) -> Option<Coding> {
    let mut best: Option<(f32, Coding)> = None;
    for part in header.split(',') {
        let mut parts = part.split(';').map(str::trim);
        let coding = match parts.next().unwrap_or("").to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Coding::Gzip,
            "br" => Coding::Brotli,
            _ => continue,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let weight: f32 = weight.map_or(Ok(1.0), str::parse).unwrap_or(0.0);
        let better = best.is_none_or(|(known, kind)| {
            weight > known || (weight == known && kind == Coding::Brotli)
        });
        if weight > 0.0 && weight <= 1.0 && better {
            best = Some((weight, coding));
        }
    }
    best.map(|(_, coding)| coding)
}

impl Coding {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        }
    }

    /// Compress the body, where that makes it smaller.
    pub(super) fn apply(self, answer: &mut Answer) -> Option<Self> {
        if answer.body.len() < WORTH {
            return None;
        }
        let packed = self.pack(&answer.body).ok()?;
        if packed.len() >= answer.body.len() {
            return None;
        }
        answer.length = packed.len() as u64;
        answer.body = packed;
        Some(self)
    }

    fn pack(self, bytes: &[u8]) -> Result<Vec<u8>> {
        let packed = Vec::with_capacity(bytes.len() / 4);
        match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(packed, Compression::fast());
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Brotli => {
                let params = BrotliEncoderParams {
                    quality: BROTLI_QUALITY,
                    lgwin: BROTLI_WINDOW,
                    size_hint: bytes.len(),
                    ..BrotliEncoderParams::default()
                };
                let mut packed = packed;
                let mut bytes = bytes;
                brotli::BrotliCompress(&mut bytes, &mut packed, &params)?;
                Ok(packed)
            }
        }
    }
}

/// Counts what goes through.
struct Counted<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

enum Kind<R: Read> {
    Plain(R),
    Gzip(Box<MultiGzDecoder<Counted<R>>>),
    Brotli(Box<brotli::Decompressor<Counted<R>>>),
    Unknown,
}

/// A body as it was before its client compressed it.
pub(crate) struct Decoder<R: Read> {
    kind: Kind<R>,
    packed: Rc<Cell<u64>>,
    unpacked: u64,
}

impl<R: Read> Decoder<R> {
    pub(crate) fn new(encoding: Option<&HeaderValue>, inner: R) -> Self {
        let packed = Rc::new(Cell::new(0));
        let count = Rc::clone(&packed);
        let name = encoding.map_or(Ok(""), HeaderValue::to_str);
        let name = name.unwrap_or("?").trim().to_ascii_lowercase();
        let kind = match name.as_str() {
            "" | "identity" => Kind::Plain(inner),
            "gzip" | "x-gzip" => {
                Kind::Gzip(Box::new(MultiGzDecoder::new(Counted { inner, count })))
            }
            "br" => {
                let counted = Counted { inner, count };
                Kind::Brotli(Box::new(brotli::Decompressor::new(counted, 16 * 1024)))
            }
            _ => Kind::Unknown,
        };
        Self {
            kind,
            packed,
            unpacked: 0,
        }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = match &mut self.kind {
            Kind::Plain(inner) => return inner.read(buffer),
            Kind::Unknown => return Err(BodyFault::Encoding.into()),
            Kind::Gzip(inner) => inner.read(buffer)?,
            Kind::Brotli(inner) => inner.read(buffer)?,
        };
        self.unpacked += read as u64;
        let most = FREE.max(self.packed.get().saturating_mul(RATIO));
        if self.unpacked > most {
            return Err(BodyFault::TooLarge.into());
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    fn unpack(name: &'static str, bytes: &[u8]) -> Result<Vec<u8>> {
        let mut plain = Vec::new();
        let encoding = HeaderValue::from_static(name);
        Decoder::new(Some(&encoding), bytes).read_to_end(&mut plain)?;
        Ok(plain)
    }

    fn fault(name: &'static str, bytes: &[u8]) -> Option<BodyFault> {
        let error = unpack(name, bytes).err()?;
        error
            .get_ref()
            .and_then(|inner| inner.downcast_ref())
            .copied()
    }

    #[test]
    fn bombs_end_at_their_ratio() {
        let zeros = vec![0; 64 * 1024 * 1024];
        for coding in [Coding::Gzip, Coding::Brotli] {
            let bomb = coding.pack(&zeros).unwrap();
            assert_eq!(fault(coding.name(), &bomb), Some(BodyFault::TooLarge));
        }
    }

    #[test]
    fn what_is_no_compression_is_an_error() {
        for name in ["gzip", "br"] {
            assert!(unpack(name, b"{\"objects\":[]}").is_err(), "{name}");
            let cut = if name == "gzip" {
                Coding::Gzip
            } else {
                Coding::Brotli
            };
            let packed = cut.pack(&[7; 5000]).unwrap();
            let error = unpack(name, &packed[..packed.len() - 1]).unwrap_err();
            assert_ne!(error.kind(), ErrorKind::Interrupted);
        }
        for name in ["deflate", "gzip, br", "zstd", "*", "compress"] {
            assert_eq!(fault(name, b""), Some(BodyFault::Encoding), "{name}");
        }
    }

    #[test]
    fn what_was_packed_is_unpacked() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        for coding in [Coding::Gzip, Coding::Brotli] {
            let packed = coding.pack(&text).unwrap();
            assert_eq!(unpack(coding.name(), &packed).unwrap(), text);
        }
        assert_eq!(unpack("identity", &text).unwrap(), text);
        assert_eq!(unpack("", b"x").unwrap(), b"x");
    }

    #[test]
    fn the_client_chooses() {
        use Coding::{Brotli, Gzip};
        for (header, coding) in [
            ("", None),
            ("identity", None),
            ("deflate, zstd, *", None),
            ("gzip;q=0, br;q=0", None),
            ("gzip;q=x", None),
            ("gzip, deflate", Some(Gzip)),
            ("gzip, deflate, br", Some(Gzip)),
            ("br, gzip", Some(Gzip)),
            ("br", Some(Brotli)),
            ("GZIP;q=0.5, br;q=0.8", Some(Brotli)),
            ("br;q=0.1,x-gzip ; q=0.2", Some(Gzip)),
        ] {
            assert_eq!(wanted(header), coding, "{header}");
        }
    }
}
