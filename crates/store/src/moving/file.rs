//! What does the file look like? A name, a version, then frames: a header, stretches, a footer.
//!
//! | Bytes | |
//! |---|---|
//! | 8 | `PROFFERX` |
//! | 4 | the version of the format, the low byte first, as every number here |
//! | a frame for the header, one for each stretch, one for the footer | |
//!
//! A frame is four bytes that say how long it is, so many bytes of postcard, and the first eight
//! bytes of SHA-256 over the number of the frame (eight bytes, from 0), its length and its bytes.
//! After the footer nothing follows.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use ledger::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Contents, Counts, Halt, SCHEMA, Stretch};

const NAME: [u8; 8] = *b"PROFFERX";
/// The version of the format.
const FORMAT: u32 = 1;
const BUFFER: usize = 1 << 20;
const CHECKSUM: usize = 8;

#[derive(Serialize, Deserialize)]
pub(super) enum Frame {
    Header(Header),
    Stretch(Stretch),
    Footer(Contents),
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) schema: u32,
    pub(super) made_at: Timestamp,
    /// Known beforehand, so that progress can be shown.
    pub(super) counts: Counts,
}

pub(super) struct Sink {
    path: PathBuf,
    output: BufWriter<File>,
    frames: u64,
}

impl Sink {
    pub(super) fn new(path: &Path, file: File) -> Result<Sink, Halt> {
        let mut output = BufWriter::with_capacity(BUFFER, file);
        let begun = output.write_all(&NAME);
        let begun = begun.and_then(|()| output.write_all(&FORMAT.to_le_bytes()));
        begun.map_err(Halt::file(path))?;
        Ok(Sink {
            path: path.to_path_buf(),
            output,
            frames: 0,
        })
    }

    pub(super) fn write(&mut self, frame: &Frame) -> Result<(), Halt> {
        let bytes = postcard::to_stdvec(frame).map_err(unwritable(&self.path))?;
        let length = u32::try_from(bytes.len()).map_err(unwritable(&self.path))?;
        let length = length.to_le_bytes();
        let sum = checksum(self.frames, length, &bytes);
        self.frames += 1;
        let parts: [&[u8]; 3] = [&length, &bytes, &sum];
        let mut parts = parts.into_iter();
        let written = parts.try_for_each(|part| self.output.write_all(part));
        written.map_err(Halt::file(&self.path))
    }

    /// Returns when all of it is on the disk.
    pub(super) fn finish(self) -> Result<(), Halt> {
        let file = self.output.into_inner();
        let file = file.map_err(|error| Halt::File(self.path.clone(), error.into_error()))?;
        file.sync_all().map_err(Halt::file(&self.path))
    }
}

pub(super) fn unwritable<E: std::error::Error + Send + Sync + 'static>(
    path: &Path,
) -> impl Fn(E) -> Halt + Copy {
    move |error| Halt::File(path.to_path_buf(), std::io::Error::other(error))
}

pub(super) struct Source {
    path: PathBuf,
    input: BufReader<File>,
    /// Where the next frame begins.
    at: u64,
    end: u64,
    frames: u64,
    /// Of header and footer.
    name: Sha256,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Source, Halt> {
        let wrong = Halt::file(path);
        let mut file = File::open(path).map_err(wrong)?;
        let end = file.metadata().map_err(wrong)?.len();
        file.rewind().map_err(wrong)?;
        let mut source = Source {
            path: path.to_path_buf(),
            input: BufReader::with_capacity(BUFFER, file),
            at: 0,
            end,
            frames: 0,
            name: Sha256::new(),
        };
        let ours: Option<[u8; 8]> = source.take()?;
        if ours != Some(NAME) {
            return Err(Halt::NotAnExport(path.to_path_buf()));
        }
        let format = source.take()?.map(u32::from_le_bytes);
        match format.ok_or(Halt::CutShort { end, at: 0 })? {
            FORMAT => Ok(source),
            number => Err(Halt::Newer {
                what: "format",
                number,
            }),
        }
    }

    pub(super) fn header(&mut self) -> Result<Header, Halt> {
        match self.next()? {
            Frame::Header(header) if header.schema <= SCHEMA => Ok(header),
            Frame::Header(header) => Err(Halt::Newer {
                what: "schema",
                number: header.schema,
            }),
            Frame::Stretch(_) | Frame::Footer(_) => Err(self.damaged(self.at)),
        }
    }

    /// The next stretch, or the footer, after which there is nothing more.
    pub(super) fn body(&mut self) -> Result<Result<Stretch, Contents>, Halt> {
        let begun = self.at;
        match self.next()? {
            Frame::Stretch(stretch) => Ok(Ok(stretch)),
            Frame::Footer(contents) if self.at == self.end => Ok(Err(contents)),
            Frame::Footer(_) => Err(self.damaged(self.at)),
            Frame::Header(_) => Err(self.damaged(begun)),
        }
    }

    /// What names the file: a hash over its header and its footer, when both were read.
    pub(super) fn name(self) -> [u8; 32] {
        self.name.finalize().into()
    }

    fn next(&mut self) -> Result<Frame, Halt> {
        let begun = self.at;
        let cut = Halt::CutShort {
            end: self.end,
            at: begun,
        };
        let Some(length) = self.take::<4>()? else {
            return Err(cut);
        };
        let wanted = u64::from(u32::from_le_bytes(length));
        if wanted + CHECKSUM as u64 > self.end - self.at {
            return Err(cut);
        }
        let mut bytes = Vec::new();
        let read = self.input.by_ref().take(wanted).read_to_end(&mut bytes);
        self.at += read.map_err(Halt::file(&self.path))? as u64;
        let sum: Option<[u8; CHECKSUM]> = self.take()?;
        if sum != Some(checksum(self.frames, length, &bytes)) {
            return Err(self.damaged(begun));
        }
        let frame = postcard::from_bytes(&bytes).map_err(|_| self.damaged(begun))?;
        match frame {
            Frame::Header(_) | Frame::Footer(_) => self.name.update(&bytes),
            Frame::Stretch(_) => {}
        }
        self.frames += 1;
        Ok(frame)
    }

    /// So many bytes, or none where the file ends before.
    fn take<const N: usize>(&mut self) -> Result<Option<[u8; N]>, Halt> {
        if self.end - self.at < N as u64 {
            return Ok(None);
        }
        let mut bytes = [0; N];
        let read = self.input.read_exact(&mut bytes);
        read.map_err(Halt::file(&self.path))?;
        self.at += N as u64;
        Ok(Some(bytes))
    }

    fn damaged(&self, at: u64) -> Halt {
        Halt::Damaged {
            stretch: self.frames,
            at,
        }
    }
}

fn checksum(number: u64, length: [u8; 4], bytes: &[u8]) -> [u8; CHECKSUM] {
    let hash = Sha256::new()
        .chain_update(number.to_le_bytes())
        .chain_update(length)
        .chain_update(bytes)
        .finalize();
    let mut sum = [0; CHECKSUM];
    for (to, from) in sum.iter_mut().zip(hash) {
        *to = from;
    }
    sum
}
