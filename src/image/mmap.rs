//! Mapping an image file. In: an open file; out: its bytes, read only. With
//! `source/map.rs` the only unsafe code of the program.

use std::fs::File;
use std::io;

use memmap2::Mmap;

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
