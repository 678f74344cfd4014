//! A storage that fails as disks do: it shortens writes, fills up, dies in
//! the middle of a write, fails to sync, loses what was not synced.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use trommel::evidence::ledger::storage::{Appender, Storage};

#[derive(Default)]
struct Disk {
    files: BTreeMap<String, Vec<u8>>,
    /// How much of each file survives a power cut.
    synced: BTreeMap<String, usize>,
    /// Bytes that may still be written; `None`: no limit.
    room: Option<usize>,
    /// After the room is used up nothing works: the program was killed.
    dies: bool,
    dead: bool,
    /// Most bytes a write takes at once.
    write_max: Option<usize>,
    /// Syncs that succeed before one fails.
    syncs: Option<usize>,
}

/// Shared by a ledger and its test.
#[derive(Clone, Default)]
pub struct Double(Arc<Mutex<Disk>>);

struct File {
    disk: Double,
    name: String,
}

fn gone() -> io::Error {
    io::Error::other("killed")
}

impl Double {
    fn with<T>(&self, run: impl FnOnce(&mut Disk) -> T) -> T {
        run(&mut self.0.lock().unwrap())
    }

    /// Only so many more bytes fit; then writes fail.
    pub fn fill_after(&self, bytes: usize) {
        self.with(|disk| disk.room = Some(bytes));
    }

    /// Only so many more bytes are written; then nothing works.
    pub fn die_after(&self, bytes: usize) {
        self.with(|disk| (disk.room, disk.dies) = (Some(bytes), true));
    }

    pub fn shorten_writes(&self, most: usize) {
        self.with(|disk| disk.write_max = Some(most));
    }

    pub fn fail_sync_after(&self, syncs: usize) {
        self.with(|disk| disk.syncs = Some(syncs));
    }

    /// The same bytes on a disk without faults.
    pub fn repaired(&self) -> Double {
        let files = self.with(|disk| disk.files.clone());
        let synced = files.iter().map(|(n, b)| (n.clone(), b.len())).collect();
        let disk = Disk { files, synced, ..Disk::default() };
        Double(Arc::new(Mutex::new(disk)))
    }

    /// What is there after a power cut: `keep` of each unsynced byte count.
    pub fn after_power_cut(&self, keep: impl Fn(usize) -> usize) -> Double {
        let double = self.repaired();
        let synced = self.with(|disk| disk.synced.clone());
        double.with(|disk| {
            for (name, bytes) in &mut disk.files {
                let safe = synced.get(name).copied().unwrap_or(0);
                let loose = bytes.len() - safe.min(bytes.len());
                bytes.truncate(safe + keep(loose).min(loose));
            }
        });
        double
    }

    pub fn file(&self, name: &str) -> Vec<u8> {
        self.with(|disk| disk.files[name].clone())
    }

    pub fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        self.with(|disk| change(disk.files.get_mut(name).unwrap()));
    }

    pub fn written(&self) -> usize {
        self.with(|disk| disk.files.values().map(Vec::len).sum())
    }

    /// Takes from the room; how many of `wanted` bytes are written.
    fn take(disk: &mut Disk, wanted: usize) -> io::Result<usize> {
        if disk.dead {
            return Err(gone());
        }
        let mut count = wanted.min(disk.write_max.unwrap_or(usize::MAX));
        if let Some(room) = &mut disk.room {
            if *room == 0 && wanted > 0 {
                disk.dead = disk.dies;
                return Err(io::ErrorKind::StorageFull.into());
            }
            count = count.min(*room);
            *room -= count;
        }
        Ok(count)
    }
}

impl Storage for Double {
    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.with(|disk| disk.files.keys().cloned().collect()))
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let found = self.with(|disk| disk.files.get(name).cloned());
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn read_at(
        &self,
        name: &str,
        offset: u64,
        length: usize,
    ) -> io::Result<Vec<u8>> {
        let bytes = self.read(name)?;
        let from = usize::try_from(offset).unwrap().min(bytes.len());
        let to = (from + length).min(bytes.len());
        Ok(bytes[from..to].to_vec())
    }

    fn append(&self, name: &str) -> io::Result<Box<dyn Appender>> {
        self.with(|disk| {
            if disk.dead {
                return Err(gone());
            }
            disk.files.entry(name.to_owned()).or_default();
            Ok(())
        })?;
        let (disk, name) = (self.clone(), name.to_owned());
        Ok(Box::new(File { disk, name }))
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.with(|disk| {
            let count = Double::take(disk, bytes.len())?;
            if count < bytes.len() {
                disk.dead = disk.dies;
                return Err(io::ErrorKind::StorageFull.into());
            }
            disk.files.insert(name.to_owned(), bytes.to_vec());
            disk.synced.insert(name.to_owned(), bytes.len());
            Ok(())
        })
    }

    fn sync_names(&self) -> io::Result<()> {
        self.with(|disk| if disk.dead { Err(gone()) } else { Ok(()) })
    }
}

impl Appender for File {
    fn len(&self) -> u64 {
        let len = self.disk.with(|disk| disk.files[&self.name].len());
        u64::try_from(len).unwrap()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.with(|disk| {
            let count = Double::take(disk, bytes.len())?;
            let file = disk.files.get_mut(&self.name).unwrap();
            file.extend(&bytes[..count]);
            Ok(count)
        })
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.disk.with(|disk| {
            if disk.dead {
                return Err(gone());
            }
            let len = usize::try_from(len).unwrap();
            disk.files.get_mut(&self.name).unwrap().truncate(len);
            if let Some(synced) = disk.synced.get_mut(&self.name) {
                *synced = len.min(*synced);
            }
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.with(|disk| {
            if disk.dead {
                return Err(gone());
            }
            if let Some(left) = &mut disk.syncs {
                if *left == 0 {
                    return Err(io::Error::other("the disk lost a write"));
                }
                *left -= 1;
            }
            let len = disk.files[&self.name].len();
            disk.synced.insert(self.name.clone(), len);
            Ok(())
        })
    }
}
