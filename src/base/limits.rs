//! Every limit of the program with its reason. Constants only.

/// Longest record (one line, one CSV row) that is decoded, in bytes. A post
/// of a social platform is under 100 KiB; 8 MiB leaves room for a whole
/// e-mail with its thread and bounds what one worker can hold.
pub const RECORD_BYTES_MAX: usize = 8 << 20;

/// Raw bytes of an oversize record are written to the rejects file in pieces
/// of at most this size, so that a 100 MB line needs no 100 MB buffer.
pub const REJECT_PIECE_BYTES_MAX: usize = 1 << 20;

/// Target size of a batch that travels from reader to worker. Large enough
/// that channel and ordering costs vanish, small enough that the batches in
/// flight stay in the tens of megabytes on many cores.
pub const BATCH_BYTES: usize = 256 << 10;

/// How much of a source is looked at to tell its format.
pub const SNIFF_BYTES: usize = 64 << 10;

/// How long a silent stream may keep its format undecided, in milliseconds,
/// once its first line is complete. Under the 50 ms that a record may wait.
pub const SNIFF_WAIT_MS: u64 = 30;

/// Files up to this size are read, larger ones mapped: below it `mmap` and
/// `munmap` (with its TLB shootdown on every worker) cost more than a copy.
pub const READ_WHOLE_BYTES_MAX: usize = 64 << 10;

/// A large file is mapped in segments of this size, so that the resident
/// set stays bounded: a segment goes when its last frame goes.
pub const MAP_SEGMENT_BYTES: usize = 64 << 20;

/// Chunks in flight between a reader thread and the cutter. With chunks of
/// `BATCH_BYTES` two megabytes per stream.
pub const CHUNKS_IN_FLIGHT: usize = 8;

/// What a pipe is enlarged to. Linux lets an ordinary user go up to this
/// (`/proc/sys/fs/pipe-max-size`).
pub const PIPE_BYTES: usize = 1 << 20;

/// Memory an xz decoder may use. `xz -9` needs 65 MiB; a forged header can
/// ask for four gigabytes.
pub const XZ_MEMORY_MAX: u64 = 512 << 20;

/// Largest Arrow message or Parquet page, and all dictionaries of an Arrow
/// stream together, as stored and unpacked. Writers aim at a megabyte a page
/// and some tens a batch; a forged length can ask for exabytes.
pub const COLUMN_BATCH_BYTES_MAX: usize = 512 << 20;

/// Longest head of an Arrow message. It names columns and buffers, a hundred
/// bytes each.
pub const COLUMN_HEAD_BYTES_MAX: usize = 64 << 20;

/// Most rows of an Arrow batch. Columns of nulls take no bytes, so the limit
/// on bytes does not stop a forged number of rows.
pub const COLUMN_BATCH_ROWS_MAX: usize = 64 << 20;

/// Rows of a Parquet row group that are decoded at a time. Their strings
/// stay in their pages, so this bounds the numbers and the views.
pub const PARQUET_BATCH_ROWS: usize = 1024;

/// What of a Parquet file in a pipe is written to a temporary file. Larger
/// than files get whose row groups one machine made; smaller than a disk.
pub const PARQUET_SPOOL_BYTES_MAX: u64 = 16 << 30;

/// JSON nesting that is refused: serde_json's own limit, so that whatever is
/// accepted here can be parsed again by a look-up. A reject, not a stack
/// overflow.
pub const JSON_DEPTH_MAX: usize = 128;

/// Longest term in folded letters. Evidence offsets and gap counters are
/// sized by it; the longest term anybody writes is a sentence.
pub const TERM_LETTERS_MAX: usize = 64;

/// Longest pattern: a term whose letters were written as pairs or in pinyin.
pub const PATTERN_LETTERS_MAX: usize = 255;

/// Most strings one term may expand to (digraphs, ligatures, pinyin,
/// reversal). Over it the compiler says which fold to drop.
pub const TERM_STRINGS_MAX: usize = 256;

/// Largest image that is opened: offsets inside are u32.
pub const IMAGE_BYTES_MAX: usize = u32::MAX as usize;

const _: () = assert!(REJECT_PIECE_BYTES_MAX <= RECORD_BYTES_MAX);
const _: () = assert!(BATCH_BYTES <= RECORD_BYTES_MAX);
const _: () = assert!(SNIFF_WAIT_MS < 50);
const _: () = assert!(READ_WHOLE_BYTES_MAX >= SNIFF_BYTES);
const _: () = assert!(MAP_SEGMENT_BYTES >= 2 * RECORD_BYTES_MAX);
const _: () = assert!(RECORD_BYTES_MAX < u32::MAX as usize);

/// What `trommel bench` keeps in memory, records and their texts. Some
/// hundred thousand posts: more would measure the memory of the machine.
pub const BENCH_BYTES_MAX: u64 = 256 << 20;

/// Longest payload of a ledger entry, in bytes. An evidence record names at
/// most `EVIDENCE_MATCHES_MAX` places of a few hundred bytes each; a length
/// over this is damage, not an entry.
pub const LEDGER_PAYLOAD_BYTES_MAX: usize = 4 << 20;

/// A ledger segment is closed when it has reached this size. Opening a
/// ledger reads the last segment, which takes a tenth of a second.
pub const LEDGER_SEGMENT_BYTES: u64 = 64 << 20;

/// Places of one record that its evidence names. A text full of one term
/// proves nothing more with the next thousand; the record says that it was
/// cut.
pub const EVIDENCE_MATCHES_MAX: usize = 256;

/// Text of one record that is kept for review, in bytes over all fields.
/// Longer records are kept up to here and say so; they cannot be replayed.
pub const CONTENT_BYTES_MAX: usize = 1 << 20;

/// Days that content is kept after a decision, and days that the person
/// concerned may complain: the shortest time that the platform rules allow.
pub const RETENTION_DAYS: u64 = 180;

/// How often a waiting ledger is written through to the disk under
/// `--ledger-sync interval`, in milliseconds: what a power cut may take.
pub const LEDGER_SYNC_MS: u64 = 1000;

/// Bytes of a block that pieces of evidence share on their way to the
/// ledger: a few dozen of them.
pub const EVIDENCE_BLOCK_BYTES: usize = 64 << 10;

/// Keys of authors that a ledger's writer keeps at hand. An author who posts
/// again costs no look into the database.
pub const OWNER_KEYS_KEPT: usize = 4096;

/// Evidence ids in one erasure entry; more become further entries.
pub const ERASURE_IDS_MAX: usize = 1000;

const _: () = assert!(LEDGER_PAYLOAD_BYTES_MAX * 2 < 64 << 20);

/// Largest weight or bias of a learned dictionary, in ten-thousandths. Log
/// odds of a thousand are beyond any certainty; sums of a whole record stay
/// far below 2^53.
pub const WEIGHT_MAX: i64 = 10_000_000;

/// N-grams of one match list that carried a score. A person reads no more,
/// and a verdict stays a line.
pub const CARRIERS_MAX: usize = 8;

/// Models in one image: their sums lie in every thread's scratch.
pub const MODELS_MAX: usize = 1024;
