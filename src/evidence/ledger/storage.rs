//! The few things that a ledger asks of a disk. In: names and bytes; out:
//! bytes and errors. A trait, so that a test double can shorten writes, fail
//! to sync, fill up and flip bits; [`Folder`] is the real one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Files by name, no folders.
pub trait Storage: Send + Sync {
    /// Names of all files, sorted.
    fn names(&self) -> io::Result<Vec<String>>;
    /// A whole file.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;
    /// A part of a file; shorter when the file ends.
    fn read_at(
        &self,
        name: &str,
        offset: u64,
        length: usize,
    ) -> io::Result<Vec<u8>>;
    /// Opens for appending; made when there is none.
    fn append(&self, name: &str) -> io::Result<Box<dyn Appender>>;
    /// Puts a file in place as a whole and durably: readers see the old
    /// bytes or the new ones.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()>;
    /// Makes names of new files durable.
    fn sync_names(&self) -> io::Result<()>;
}

/// A file that only grows, except for taking back what did not get whole.
pub trait Appender: Send {
    fn len(&self) -> u64;
    /// Writes some of the bytes at the end and says how many.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Cuts the file.
    fn cut(&mut self, len: u64) -> io::Result<()>;
    /// Everything written is on the disk when it returns.
    fn sync(&mut self) -> io::Result<()>;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes all of the bytes.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A folder of the file system.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    pub fn new(path: &Path) -> Folder {
        Folder { path: path.to_owned() }
    }
}

struct OpenFile {
    file: File,
    len: u64,
}

impl Storage for Folder {
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.path.join(name))
    }

    fn read_at(
        &self,
        name: &str,
        offset: u64,
        length: usize,
    ) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.path.join(name))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::with_capacity(length);
        let most = crate::base::int::to_u64(length);
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn append(&self, name: &str) -> io::Result<Box<dyn Appender>> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o640)
            .open(self.path.join(name))?;
        let len = file.metadata()?.len();
        Ok(Box::new(OpenFile { file, len }))
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.path.join(format!(".{name}.tmp"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o640)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, self.path.join(name))?;
        self.sync_names()
    }

    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

impl Appender for OpenFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.len += crate::base::int::to_u64(count);
        Ok(count)
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.file.set_len(len)?;
        self.len = len;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}
