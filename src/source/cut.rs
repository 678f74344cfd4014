//! Cutting a byte stream into frames at record boundaries. In: the bytes
//! that are there, from the last cut on, and whether more may follow; out:
//! how many of them to take and as what. Never copies and never decodes.
//!
//! The same cutter serves mapped files (all bytes are there) and streams
//! (bytes arrive in chunks of any size), and what it calls a record, a line
//! number and a piece depends on the bytes alone, not on how they arrived.
//! Three rules make it so:
//!
//! - A record is too long when more than the limit stands before its line
//!   end; the line end is looked for in exactly that many bytes.
//! - A record that is too long ends at the first `\n` behind the limit,
//!   quoted or not: an unclosed quote costs at most that, and the next line
//!   is read as the start of a row again.
//! - Its pieces are cut at multiples of the piece size, and a piece goes out
//!   only when it is known whether it is the last one.
//!
//! For streams `scanned` remembers how far the bytes in hand were searched,
//! so a record that arrives a byte at a time costs linear time.

use memchr::memchr;
use memchr::memchr_iter;
use memchr::memrchr;

use crate::base::int::wide;
use crate::record::row::RowState;

/// What to take from the front of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// This many bytes are whole records.
    Records { size: usize },
    /// This many bytes are a piece of an oversize record, and `skip` further
    /// ones are its line end.
    Piece { size: usize, skip: usize, piece: u32, last: bool },
    /// No boundary in sight: more bytes are needed.
    More,
    /// There are no bytes and none will follow.
    End,
}

/// Sizes that steer the cutting; `batch <= record_max`, `piece <= record_max`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Bytes one frame aims at.
    pub batch: usize,
    /// Longest record.
    pub record_max: usize,
    /// Longest piece of an oversize record.
    pub piece: usize,
}

/// An oversize record whose pieces are being cut.
#[derive(Clone, Copy, Debug)]
struct Oversize {
    /// Bytes that have gone out in pieces.
    done: usize,
    piece: u32,
    line: u64,
    offset: u64,
}

pub(super) struct Cutter {
    sizes: Sizes,
    /// The separator of formats whose records are rows.
    separator: Option<u8>,
    line: u64,
    offset: u64,
    /// Bytes at the front that have been searched.
    scanned: usize,
    /// Bytes at the front that are whole rows (rows only).
    complete: usize,
    row: RowState,
    oversize: Option<Oversize>,
}

impl Cutter {
    /// A cutter for bytes that begin at this line and offset.
    pub fn new(
        sizes: Sizes,
        separator: Option<u8>,
        line: u64,
        offset: u64,
    ) -> Cutter {
        assert!(sizes.batch <= sizes.record_max);
        assert!(0 < sizes.piece && sizes.piece <= sizes.record_max);
        Cutter {
            sizes,
            separator,
            line,
            offset,
            scanned: 0,
            complete: 0,
            row: RowState::Start,
            oversize: None,
        }
    }

    /// Line and offset of the first byte not yet taken, or of the start of
    /// the oversize record whose pieces are being cut.
    pub fn position(&self) -> (u64, u64) {
        match self.oversize {
            Some(at) => (at.line, at.offset),
            None => (self.line, self.offset),
        }
    }

    /// Whether pieces of an oversize record have gone out but not its last.
    pub fn inside_oversize(&self) -> bool {
        self.oversize.is_some()
    }

    /// What to take next from `data`. With `end` no bytes follow, and the
    /// answer is never `More`.
    pub fn cut(&mut self, data: &[u8], end: bool) -> Cut {
        if self.oversize.is_some() {
            return self.cut_piece(data, end);
        }
        if data.is_empty() {
            return if end { Cut::End } else { Cut::More };
        }
        let found = match self.separator {
            None => self.cut_lines(data, end),
            Some(separator) => self.cut_rows(data, end, separator),
        };
        found.unwrap_or_else(|| {
            self.start_oversize();
            self.cut_piece(data, end)
        })
    }

    /// Tells that the first bytes were taken as `cut` said.
    pub fn took(&mut self, cut: Cut, bytes: &[u8]) {
        self.line += wide(memchr_iter(b'\n', bytes).count());
        self.offset += wide(bytes.len());
        match cut {
            Cut::Records { size } => {
                // Rows keep the state of a row searched in part; lines are
                // searched again, because only the last one was looked for.
                let keep = self.separator.is_some();
                self.complete = 0;
                self.scanned =
                    if keep { self.scanned.saturating_sub(size) } else { 0 };
            }
            Cut::Piece { size, skip, last, .. } => {
                self.scanned = 0;
                self.complete = 0;
                self.row = RowState::Start;
                let Some(oversize) = &mut self.oversize else { return };
                oversize.done += size + skip;
                oversize.piece += 1;
                if last {
                    self.oversize = None;
                }
            }
            Cut::More | Cut::End => {}
        }
    }

    /// `None`: the first record is too long.
    fn cut_lines(&mut self, data: &[u8], end: bool) -> Option<Cut> {
        let window = data.len().min(self.sizes.batch);
        if end && window == data.len() {
            return Some(Cut::Records { size: window });
        }
        // The last line end inside the window, else the first one behind.
        let from = self.scanned.min(window);
        if let Some(index) = memrchr(b'\n', &data[from..window]) {
            return Some(Cut::Records { size: from + index + 1 });
        }
        let from = self.scanned.max(window);
        let reach = data.len().min(self.sizes.record_max + 1);
        if from < reach
            && let Some(index) = memchr(b'\n', &data[from..reach])
        {
            return Some(Cut::Records { size: from + index + 1 });
        }
        if data.len() > self.sizes.record_max {
            return None;
        }
        if end {
            return Some(Cut::Records { size: data.len() });
        }
        self.scanned = data.len();
        Some(Cut::More)
    }

    /// `None`: the first record is too long.
    fn cut_rows(
        &mut self,
        data: &[u8],
        end: bool,
        separator: u8,
    ) -> Option<Cut> {
        let limit = self.sizes.record_max;
        loop {
            let reach = data.len().min(self.complete + limit + 1);
            let ahead = &data[self.scanned..reach];
            let Some(size) = self.row.row_end(ahead, separator) else {
                self.scanned = reach;
                break;
            };
            self.scanned += size;
            self.complete = self.scanned;
            if self.complete >= self.sizes.batch {
                return Some(Cut::Records { size: self.complete });
            }
        }
        let too_long = self.scanned - self.complete > limit;
        if end && !too_long {
            return Some(Cut::Records { size: data.len() });
        }
        if self.complete > 0 {
            return Some(Cut::Records { size: self.complete });
        }
        if too_long { None } else { Some(Cut::More) }
    }

    fn start_oversize(&mut self) {
        self.scanned = 0;
        self.oversize = Some(Oversize {
            done: 0,
            piece: 0,
            line: self.line,
            offset: self.offset,
        });
    }

    fn cut_piece(&mut self, data: &[u8], end: bool) -> Cut {
        let Some(Oversize { done, piece, .. }) = self.oversize else {
            return Cut::More;
        };
        let size = self.sizes.piece;
        // Line ends up to the limit are data (quoted ones in rows).
        let from = (self.sizes.record_max + 1).saturating_sub(done);
        let from = from.max(self.scanned);
        let reach = data.len().min(size + 1);
        if from < reach
            && let Some(index) = memchr(b'\n', &data[from..reach])
        {
            let line_end = from + index;
            let body = &data[..line_end];
            let size = body.strip_suffix(b"\r").unwrap_or(body).len();
            let skip = line_end + 1 - size;
            return Cut::Piece { size, skip, piece, last: true };
        }
        if data.len() > size {
            return Cut::Piece { size, skip: 0, piece, last: false };
        }
        if end {
            return Cut::Piece {
                size: data.len(),
                skip: 0,
                piece,
                last: true,
            };
        }
        self.scanned = reach;
        Cut::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes { batch: 8, record_max: 10, piece: 4 };

    /// Everything cut out of `data`, bytes given `step` at a time.
    fn cuts(
        data: &[u8],
        step: usize,
        separator: Option<u8>,
    ) -> Vec<(Cut, Vec<u8>, u64)> {
        let mut cutter = Cutter::new(SIZES, separator, 1, 0);
        let (mut at, mut there) = (0, 0);
        let mut found = Vec::new();
        loop {
            let (line, _) = cutter.position();
            let cut = cutter.cut(&data[at..there], there == data.len());
            let (size, skip) = match cut {
                Cut::Records { size } => (size, 0),
                Cut::Piece { size, skip, .. } => (size, skip),
                Cut::More => {
                    there = data.len().min(there + step);
                    continue;
                }
                Cut::End => return found,
            };
            cutter.took(cut, &data[at..at + size + skip]);
            found.push((cut, data[at..at + size].to_vec(), line));
            at += size + skip;
        }
    }

    #[test]
    fn frames_end_at_line_ends() {
        let found = cuts(b"ab\ncd\nef\n\ngh", 99, None);
        let bytes: Vec<_> = found.iter().map(|one| &one.1[..]).collect();
        assert_eq!(bytes, [&b"ab\ncd\n"[..], b"ef\n\ngh"]);
        assert_eq!(found[1].2, 3);
    }

    #[test]
    fn a_record_of_exactly_the_limit_passes() {
        let found = cuts(b"0123456789\nx\n", 99, None);
        assert_eq!(found[0].1, b"0123456789\n");
    }

    #[test]
    fn oversize_pieces_do_not_depend_on_arrival() {
        let data = b"a\n0123456789ab\r\nz\n0123456789a";
        let want: Vec<_> = cuts(data, 99, None)
            .into_iter()
            .filter(|one| matches!(one.0, Cut::Piece { .. }))
            .collect();
        let bytes: Vec<_> = want.iter().map(|one| &one.1[..]).collect();
        assert_eq!(
            bytes,
            [&b"0123"[..], b"4567", b"89ab", b"", b"0123", b"4567", b"89a"]
        );
        assert_eq!(want[0].2, 2);
        for step in 1..20 {
            let got: Vec<_> = cuts(data, step, None)
                .into_iter()
                .filter(|one| matches!(one.0, Cut::Piece { .. }))
                .collect();
            assert_eq!(got, want, "step {step}");
        }
    }

    #[test]
    fn an_open_quote_is_given_up_at_the_limit() {
        let data = b"a,\"b\nc\nd\ne\nf\ng\nh\n";
        for step in 1..20 {
            let found = cuts(data, step, Some(b','));
            let last = found.last().unwrap();
            assert_eq!(last.1.last(), Some(&b'\n'), "step {step}");
            let pieces: Vec<u8> = found
                .iter()
                .filter(|one| matches!(one.0, Cut::Piece { .. }))
                .flat_map(|one| one.1.clone())
                .collect();
            assert_eq!(pieces, b"a,\"b\nc\nd\ne\nf", "step {step}");
        }
    }
}
