//! Mapping a part of a file. In: an open file and a range; out: its bytes.
//! Never writes. The only unsafe code of this folder.

use std::fs::File;
use std::io;
use std::sync::Arc;

use memmap2::Advice;
use memmap2::Mmap;
use memmap2::MmapOptions;

/// Maps `size` bytes from `offset` on.
pub(super) fn segment(
    file: &File,
    offset: u64,
    size: usize,
) -> io::Result<Arc<Mmap>> {
    // SAFETY: nobody can check this one. The bytes are those of a file that
    // another program may change. If it writes, we read a mixture, and every
    // reader of these bytes checks them (UTF-8, JSON) where it uses them but
    // could in theory see them change after the check; if it shrinks the
    // file, touching the missing pages is SIGBUS and the program ends
    // without a summary. Posts are read from finished files; log files are
    // appended to, which is harmless, because the size is taken once. Whoever
    // reads files that shrink turns mapping off (`SourceConfig::map_files`)
    // or pipes them in.
    let map =
        unsafe { MmapOptions::new().offset(offset).len(size).map(file)? };
    // Only a hint; a file system that refuses it still reads correctly.
    let _ = map.advise(Advice::Sequential);
    Ok(Arc::new(map))
}
