//! Where the bytes of a model come from: a file or memory.
//!
//! A file is read by position (`pread`), never mapped. A mapping that outlives its file's tail (the file is truncated
//! or replaced in place while the server runs) answers the next access with SIGBUS, which kills the process and cannot
//! be handled safely by a library. Weights are repacked into the process's own memory anyway, so a mapping would only
//! save one copy at load time. With reads, a file that shrinks while it loads is an ordinary I/O error, and what
//! happens to it after loading does not matter.

use std::fs::File;
use std::path::Path;

use crate::LoadError;

/// Bytes that can be read at any offset, by several threads at once.
#[derive(Debug)]
pub enum Source {
    /// An open file and its length when it was opened.
    File(File, u64),
    /// Bytes in memory (a model inside the binary).
    Bytes(&'static [u8]),
    /// Bytes in memory, owned (tests, fuzzing).
    Owned(Vec<u8>),
}

impl Source {
    /// Opens a file.
    ///
    /// # Errors
    /// [`LoadError::Io`] if it cannot be opened or is not a regular file.
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        let io = |source| LoadError::Io { what: path.display().to_string(), source };
        let file = File::open(path).map_err(io)?;
        let meta = file.metadata().map_err(io)?;
        if !meta.is_file() {
            return Err(io(std::io::Error::other("not a regular file")));
        }
        Ok(Self::File(file, meta.len()))
    }

    /// Length in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::File(_, size) => *size,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Owned(bytes) => bytes.len() as u64,
        }
    }

    /// Fills `buf` from `offset` on. `what` names the part in an error.
    ///
    /// # Errors
    /// [`LoadError::Truncated`] if the range is not inside the source, [`LoadError::Io`] if reading fails (also when
    /// the file has become shorter).
    pub fn read_at(&self, offset: u64, buf: &mut [u8], what: &str) -> Result<(), LoadError> {
        let needed = buf.len() as u64;
        if offset.checked_add(needed).is_none_or(|end| end > self.size()) {
            return Err(LoadError::Truncated {
                what: what.into(),
                offset,
                needed,
                size: self.size(),
            });
        }
        match self {
            Self::File(file, _) => read_exact_at(file, offset, buf)
                .map_err(|source| LoadError::Io { what: what.into(), source }),
            Self::Bytes(bytes) => {
                buf.copy_from_slice(&bytes[offset as usize..][..buf.len()]);
                Ok(())
            }
            Self::Owned(bytes) => {
                buf.copy_from_slice(&bytes[offset as usize..][..buf.len()]);
                Ok(())
            }
        }
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, buf: &mut [u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buf, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut buf: &mut [u8]) -> std::io::Result<()> {
    while !buf.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_read(file, buf, offset)?;
        if n == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        buf = &mut buf[n..];
        offset += n as u64;
    }
    Ok(())
}
