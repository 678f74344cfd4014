//! Texts in memory, cut into slices that are measured in turn.

use std::path::Path;

use anyhow::Context;

/// About as much as is measured at a time: long enough that an engine has
/// its tables in the caches again, short enough that a disturbance of the
/// machine falls on all engines.
const SLICE_BYTES: usize = 2 << 20;

/// A text file, a post a line.
pub struct Corpus {
    pub bytes: Vec<u8>,
    /// Where lines begin and end, without the line end.
    pub lines: Vec<(usize, usize)>,
    /// Ranges of `lines`.
    pub slices: Vec<(usize, usize)>,
    /// The `text` of each line of NDJSON; empty for plain text.
    pub texts: Vec<String>,
}

impl Corpus {
    pub fn read(path: &Path, json: bool) -> anyhow::Result<Corpus> {
        let bytes =
            std::fs::read(path).with_context(|| path.display().to_string())?;
        let text = std::str::from_utf8(&bytes)?;
        let mut lines = Vec::new();
        let mut at = 0;
        for line in text.split_terminator('\n') {
            lines.push((at, at + line.len()));
            at += line.len() + 1;
        }
        let mut slices = Vec::new();
        let mut first = 0;
        for (index, (_, end)) in lines.iter().enumerate() {
            if end - lines[first].0 >= SLICE_BYTES || index + 1 == lines.len()
            {
                slices.push((first, index + 1));
                first = index + 1;
            }
        }
        let texts = if json {
            let mut texts = Vec::with_capacity(lines.len());
            for (start, end) in &lines {
                let value: serde_json::Value =
                    serde_json::from_str(&text[*start..*end])?;
                let text = value["text"].as_str().unwrap_or_default();
                texts.push(text.to_owned());
            }
            texts
        } else {
            Vec::new()
        };
        Ok(Corpus { bytes, lines, slices, texts })
    }

    /// One slice.
    pub fn slice(&self, number: usize) -> Slice<'_> {
        let (first, end) = self.slices[number];
        Slice { corpus: self, first, end }
    }

    /// The first posts as one slice.
    pub fn head(&self, posts: usize) -> Slice<'_> {
        let end = posts.min(self.lines.len());
        Slice { corpus: self, first: 0, end }
    }

    /// All of it as one slice.
    pub fn whole(&self) -> Slice<'_> {
        Slice { corpus: self, first: 0, end: self.lines.len() }
    }
}

#[derive(Clone, Copy)]
pub struct Slice<'a> {
    corpus: &'a Corpus,
    first: usize,
    end: usize,
}

impl<'a> Slice<'a> {
    /// The posts, one after the other.
    pub fn posts(self) -> impl Iterator<Item = &'a str> {
        let bytes = &self.corpus.bytes;
        self.corpus.lines[self.first..self.end].iter().map(
            move |(start, end)| {
                // SAFETY: `read` checked the whole file, and lines are cut
                // at line ends.
                unsafe { std::str::from_utf8_unchecked(&bytes[*start..*end]) }
            },
        )
    }

    /// The texts of NDJSON.
    pub fn texts(self) -> impl Iterator<Item = &'a str> {
        self.corpus.texts[self.first..self.end].iter().map(String::as_str)
    }

    /// The bytes with line ends.
    pub fn bytes(self) -> &'a [u8] {
        if self.first == self.end {
            return &[];
        }
        let start = self.corpus.lines[self.first].0;
        let end = self.corpus.lines[self.end - 1].1;
        let end = (end + 1).min(self.corpus.bytes.len());
        &self.corpus.bytes[start..end]
    }

    pub fn len(self) -> usize {
        self.end - self.first
    }
}
