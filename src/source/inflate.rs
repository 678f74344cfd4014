//! Decompression by magic number. In: compressed bytes of one member (a
//! gzip member, zstd frame, bzip2 or xz stream); out: its bytes. Never reads
//! a file and never looks at a file name.
//!
//! The libraries' own `Read` adapters are not used: they block for input
//! while output is ready, do not say where a member ends, and report a cut
//! file and a damaged one in ways that differ by library.

use bzip2::Decompress as Bzip2;
use bzip2::Status as Bzip2Status;
use flate2::Decompress as Gzip;
use flate2::FlushDecompress;
use flate2::Status as GzipStatus;
use liblzma::stream::Action;
use liblzma::stream::Status as XzStatus;
use liblzma::stream::Stream as Xz;
use zstd::stream::raw::Decoder as Zstd;
use zstd::stream::raw::Operation;

use crate::base::limits;

/// How a source is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
}

impl Compression {
    /// The name for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Bzip2 => "bzip2",
            Compression::Xz => "xz",
        }
    }
}

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Magic {
    Is(Compression),
    /// A magic number may still become complete.
    Maybe,
    No,
}

/// Looks for a magic number at the start of `bytes`. bzip2 is told by ten
/// bytes: a text may well begin with `BZh1`.
pub(super) fn magic(bytes: &[u8]) -> Magic {
    use Compression::{Bzip2, Gzip, Xz, Zstd};
    const BLOCK: [u8; 6] = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
    const EMPTY: [u8; 6] = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];
    let mut maybe = false;
    let mut matches = |want: &[&dyn Fn(u8) -> bool]| {
        let fits = bytes.iter().zip(want).all(|(&byte, is)| is(byte));
        maybe |= fits && bytes.len() < want.len();
        fits && bytes.len() >= want.len()
    };
    macro_rules! is {
        ($byte:expr) => {
            &|byte| byte == $byte
        };
    }
    if matches(&[is!(0x1f), is!(0x8b), is!(8)]) {
        return Magic::Is(Gzip);
    }
    if matches(&[is!(0x28), is!(0xb5), is!(0x2f), is!(0xfd)])
        // A skippable frame.
        || matches(&[
            &|byte| byte & 0xf0 == 0x50,
            is!(0x2a),
            is!(0x4d),
            is!(0x18),
        ])
    {
        return Magic::Is(Zstd);
    }
    if matches(&[
        is!(0xfd),
        is!(b'7'),
        is!(b'z'),
        is!(b'X'),
        is!(b'Z'),
        is!(0),
    ]) {
        return Magic::Is(Xz);
    }
    for tail in [BLOCK, EMPTY] {
        if matches(&[
            is!(b'B'),
            is!(b'Z'),
            is!(b'h'),
            &|byte| byte.is_ascii_digit() && byte != b'0',
            is!(tail[0]),
            is!(tail[1]),
            is!(tail[2]),
            is!(tail[3]),
            is!(tail[4]),
            is!(tail[5]),
        ]) {
            return Magic::Is(Bzip2);
        }
    }
    if maybe { Magic::Maybe } else { Magic::No }
}

/// What one step did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub read: usize,
    pub written: usize,
    /// The member is complete, its checksum right.
    pub end: bool,
}

/// Why a step failed, and what it had unpacked before it did.
#[derive(Debug)]
pub(super) struct Broken {
    pub text: String,
    pub written: usize,
}

/// A decoder of one member. The states are boxed: they differ much in size.
pub(super) enum Member {
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd<'static>>),
    Bzip2(Box<Bzip2>),
    Xz(Box<Xz>),
}

impl Member {
    pub fn new(kind: Compression) -> Result<Member, String> {
        Ok(match kind {
            Compression::Gzip => Member::Gzip(Box::new(Gzip::new_gzip(15))),
            Compression::Zstd => {
                let decoder = Zstd::new().map_err(|err| err.to_string())?;
                Member::Zstd(Box::new(decoder))
            }
            Compression::Bzip2 => Member::Bzip2(Box::new(Bzip2::new(false))),
            Compression::Xz => {
                let decoder = Xz::new_stream_decoder(limits::XZ_MEMORY_MAX, 0)
                    .map_err(|err| err.to_string())?;
                Member::Xz(Box::new(decoder))
            }
        })
    }

    /// Decompresses what it can. A step that neither reads nor writes needs
    /// more input.
    pub fn step(
        &mut self,
        input: &[u8],
        output: &mut [u8],
    ) -> Result<Step, Broken> {
        match self {
            Member::Gzip(decoder) => {
                let before = (decoder.total_in(), decoder.total_out());
                let status = decoder
                    .decompress(input, output, FlushDecompress::None)
                    .map_err(|err| {
                        broken(err.to_string(), before.1, decoder.total_out())
                    })?;
                let after = (decoder.total_in(), decoder.total_out());
                let end = status == GzipStatus::StreamEnd;
                Ok(step(before, after, end))
            }
            Member::Zstd(decoder) => {
                let status = decoder
                    .run_on_buffers(input, output)
                    .map_err(|err| broken(err.to_string(), 0, 0))?;
                Ok(Step {
                    read: status.bytes_read,
                    written: status.bytes_written,
                    // The hint is also 0 before the first byte of a frame.
                    end: status.remaining == 0 && !input.is_empty(),
                })
            }
            Member::Bzip2(decoder) => {
                let before = (decoder.total_in(), decoder.total_out());
                let status =
                    decoder.decompress(input, output).map_err(|err| {
                        broken(err.to_string(), before.1, decoder.total_out())
                    })?;
                let after = (decoder.total_in(), decoder.total_out());
                let end = status == Bzip2Status::StreamEnd;
                Ok(step(before, after, end))
            }
            Member::Xz(decoder) => {
                let before = (decoder.total_in(), decoder.total_out());
                let status = decoder
                    .process(input, output, Action::Run)
                    .map_err(|err| {
                        broken(err.to_string(), before.1, decoder.total_out())
                    })?;
                let after = (decoder.total_in(), decoder.total_out());
                let end = matches!(status, XzStatus::StreamEnd);
                Ok(step(before, after, end))
            }
        }
    }
}

fn broken(text: String, before: u64, after: u64) -> Broken {
    // Bounded by the length of the output slice, so it fits.
    let written = usize::try_from(after - before).unwrap_or(0);
    Broken { text, written }
}

fn step(before: (u64, u64), after: (u64, u64), end: bool) -> Step {
    // Both are bounded by slice lengths, so they fit.
    let size = |from: u64, to: u64| usize::try_from(to - from).unwrap_or(0);
    Step {
        read: size(before.0, after.0),
        written: size(before.1, after.1),
        end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magic_numbers() {
        let cases: [(&[u8], Magic); 10] = [
            (b"", Magic::Maybe),
            (b"{\"id\":1}", Magic::No),
            (b"\x1f\x8b\x08\0", Magic::Is(Compression::Gzip)),
            (b"\x1f\x8b", Magic::Maybe),
            (b"\x28\xb5\x2f\xfd", Magic::Is(Compression::Zstd)),
            (b"\x53\x2a\x4d\x18", Magic::Is(Compression::Zstd)),
            (b"\xfd7zXZ\0", Magic::Is(Compression::Xz)),
            (b"BZh9", Magic::Maybe),
            (b"BZh91AY&SY", Magic::Is(Compression::Bzip2)),
            (b"BZh9 is a header", Magic::No),
        ];
        for (bytes, want) in cases {
            assert_eq!(magic(bytes), want, "{bytes:?}");
        }
    }
}
