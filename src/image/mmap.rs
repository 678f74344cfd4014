//! Memory of an image. In: an open file, or bytes; out: the same bytes, read
//! only, from the start of a page. With `source/map.rs` and the vector loops
//! of `scan` the only unsafe code of the program.

use std::fs::File;
use std::io;

use memmap2::{Mmap, MmapMut};

/// Copies bytes to memory of their own. A search looks at places all over an
/// image, so the memory is asked to be of huge pages, where there are such:
/// with small ones a scan spends a tenth of its time in finding pages.
pub fn copy(bytes: &[u8]) -> io::Result<Mmap> {
    let room = bytes.len().max(1).next_multiple_of(HUGE);
    let mut map = MmapMut::map_anon(room)?;
    #[cfg(target_os = "linux")]
    {
        // A wish; without it only time is lost.
        let _ = map.advise(memmap2::Advice::HugePage);
    }
    map[..bytes.len()].copy_from_slice(bytes);
    map.make_read_only()
}

/// A huge page of the usual machines.
const HUGE: usize = 2 << 20;

/// Maps a whole file for reading.
pub fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the map is read only and private to this process's reading.
    // Another process could still truncate or rewrite the file, which the
    // operating system answers with SIGBUS or changed bytes: images are
    // written to a temporary name and renamed, never edited in place, and
    // input files that shrink while they are read are documented as the
    // caller's mistake. Every index read from an image is checked on open.
    unsafe { Mmap::map(file) }
}
