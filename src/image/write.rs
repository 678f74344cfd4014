//! Writing an image. In: the sections of a compiled pack; out: the bytes,
//! the same for the same sections on every machine.

use super::format::{
    ALIGN, BYTE_ORDER, DIGEST_FROM, HEADER_LEN, MAGIC, PatternRow,
    SECTION_LEN, TermRow, VERSION, WeightRow, section,
};
use super::meta::Meta;
use super::view::LIMITS;
use crate::base::{int, perfect};

/// The sections before they are bytes.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    pub class_index: Vec<u16>,
    pub class_blocks: Vec<u32>,
    pub needle_starts: Vec<u32>,
    pub needle_syms: Vec<u16>,
    pub needle_patterns: Vec<u32>,
    pub patterns: Vec<PatternRow>,
    pub letters: Vec<u32>,
    pub gaps: Vec<u8>,
    pub postings: Vec<u32>,
    /// Characters that patterns of parts stand for (code points).
    pub wholes: Vec<u32>,
    pub neighbours: Vec<u64>,
    pub terms: Vec<TermRow>,
    pub strings: Vec<u8>,
    pub meta: Meta,
    /// First wide class, end of classes, classes of the longest needle,
    /// letters of the longest term that may be written in parts.
    pub limits: [u32; LIMITS],
    /// Symbols that terms write as such, sorted.
    pub own_symbols: Vec<char>,
    /// Search tables for waking terms, then for all others.
    pub fused: [FusedParts; 2],
    /// The same of the sound plane.
    pub sound: [SoundParts; 2],
    pub grams: GramParts,
    pub tables_digest: [u8; 32],
}

/// Search tables of the fused engine (`scan::build_fused`).
#[derive(Clone, Debug, Default)]
pub struct FusedParts {
    pub anchors: Vec<u32>,
    pub keys: Vec<u64>,
    pub bucket_starts: Vec<u32>,
    pub bucket_rows: Vec<[u32; 4]>,
    pub singles: Vec<[u32; 2]>,
}

impl FusedParts {
    fn bodies(&self) -> [&[u8]; 5] {
        [
            bytemuck::cast_slice(&self.anchors),
            bytemuck::cast_slice(&self.keys),
            bytemuck::cast_slice(&self.bucket_starts),
            bytemuck::cast_slice(&self.bucket_rows),
            bytemuck::cast_slice(&self.singles),
        ]
    }
}

/// Search tables of the sound plane (`scan::build_sound`).
#[derive(Clone, Debug, Default)]
pub struct SoundParts {
    pub filter: Vec<u32>,
    pub starts: Vec<u32>,
    pub entries: Vec<[u32; 3]>,
}

impl SoundParts {
    fn bodies(&self) -> [&[u8]; 3] {
        [
            bytemuck::cast_slice(&self.filter),
            bytemuck::cast_slice(&self.starts),
            bytemuck::cast_slice(&self.entries),
        ]
    }
}

/// N-grams of learned dictionaries (`scan::build_grams`).
#[derive(Clone, Debug, Default)]
pub struct GramParts {
    /// Of those of models that wake.
    pub waking: perfect::Parts,
    pub starts: Vec<u32>,
    pub keys: Vec<u64>,
    pub first_weights: Vec<u32>,
    pub weights: Vec<WeightRow>,
    pub texts: Vec<u32>,
    pub strings: Vec<u8>,
}

impl GramParts {
    fn bodies(&self) -> [&[u8]; 7] {
        [
            bytemuck::cast_slice(&self.waking.slots),
            bytemuck::cast_slice(&self.starts),
            bytemuck::cast_slice(&self.keys),
            bytemuck::cast_slice(&self.first_weights),
            bytemuck::cast_slice(&self.weights),
            bytemuck::cast_slice(&self.texts),
            &self.strings,
        ]
    }
}

/// Serialises the parts. Only little-endian machines are supported (the
/// image is used in place); a big-endian build fails in `image::check`.
pub fn write(parts: &Parts) -> Vec<u8> {
    let meta = serde_json::to_vec(&parts.meta).unwrap_or_default();
    let mut limits = parts.limits.to_vec();
    limits.push(int::to_u32(parts.own_symbols.len()));
    limits.extend(parts.own_symbols.iter().map(|c| u32::from(*c)));
    let mut bodies: Vec<&[u8]> = vec![
        bytemuck::cast_slice(&parts.class_index),
        bytemuck::cast_slice(&parts.class_blocks),
        bytemuck::cast_slice(&parts.needle_starts),
        bytemuck::cast_slice(&parts.needle_syms),
        bytemuck::cast_slice(&parts.needle_patterns),
        bytemuck::cast_slice(&parts.patterns),
        bytemuck::cast_slice(&parts.letters),
        &parts.gaps,
        bytemuck::cast_slice(&parts.postings),
        bytemuck::cast_slice(&parts.terms),
        &parts.strings,
        &meta,
        bytemuck::cast_slice(&limits),
    ];
    bodies.extend(parts.fused.iter().flat_map(FusedParts::bodies));
    bodies.extend(parts.sound.iter().flat_map(SoundParts::bodies));
    bodies.extend(parts.grams.bodies());
    bodies.push(bytemuck::cast_slice(&parts.wholes));
    bodies.push(bytemuck::cast_slice(&parts.neighbours));
    bodies.push(bytemuck::cast_slice(&parts.grams.waking.pilots));
    let mut out = vec![0u8; HEADER_LEN + SECTION_LEN * bodies.len()];
    for (number, (body, (id, _, size))) in
        bodies.iter().zip(&section::ALL).enumerate()
    {
        out.resize(out.len().next_multiple_of(ALIGN), 0);
        let at = HEADER_LEN + number * SECTION_LEN;
        put(&mut out, at, &id.to_le_bytes());
        put(&mut out, at + 4, &int::to_u32(*size).to_le_bytes());
        let offset = int::to_u64(out.len());
        put(&mut out, at + 8, &offset.to_le_bytes());
        let len = int::to_u64(body.len());
        put(&mut out, at + 16, &len.to_le_bytes());
        out.extend_from_slice(body);
    }
    let total = int::to_u64(out.len());
    let count = int::to_u32(bodies.len());
    put(&mut out, 0, &MAGIC);
    put(&mut out, 8, &VERSION.to_le_bytes());
    put(&mut out, 12, &BYTE_ORDER.to_le_bytes());
    put(&mut out, 48, &parts.tables_digest);
    put(&mut out, 80, &total.to_le_bytes());
    put(&mut out, 88, &count.to_le_bytes());
    let digest = blake3::hash(&out[DIGEST_FROM..]);
    put(&mut out, 16, digest.as_bytes());
    out
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    out[at..at + bytes.len()].copy_from_slice(bytes);
}
