//! The image: a compiled pack as bytes. In: parts from the compiler, or a
//! file; out: checked, shared, read-only tables. Nothing here knows rule
//! text, and a scanner needs nothing but an image.

mod check;
mod format;
mod meta;
mod mmap;
mod view;
mod write;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::base::int;
use crate::base::limits;

pub use format::{
    GRAM_CHARS_MAX, GRAM_SIGNS_MAX, GRAM_WORDS_MAX, Gate, KEY_LINE, MAGIC,
    NARROW_WORDS, PatternRow, TermRow, VERSION, WeightRow, gap, section,
};
pub use meta::{
    Condition, Literal, Meta, ModelMeta, Op, PackMeta, RuleMeta, SetMeta,
};
pub use mmap::map;
pub use view::{FusedView, GramView, ImageView, Pattern, SoundView};
pub use write::{FusedParts, GramParts, Parts, SoundParts, write};

/// Why an image could not be opened.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ImageError(#[from] Kind);

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error("cannot read the image: {0}")]
    Io(#[from] io::Error),
    #[error(
        "not a trommel image: expected it to begin with TROMMEL\\0, \
         found {0:?}"
    )]
    Magic(Vec<u8>),
    #[error(
        "image format version {found}, this program reads version \
         {VERSION}: compile the packs again with `trommel compile`"
    )]
    Version { found: u32 },
    #[error(
        "image was compiled with other fold tables than this program \
         has ({}): compile the packs again with `trommel compile`",
        crate::fold::tables::TABLES_VERSION
    )]
    Tables,
    #[error("image is damaged: {0}")]
    Damaged(String),
    #[error("image is damaged: the checksum differs")]
    Checksum,
    #[error("image of {0} bytes is over the limit of 4 GiB")]
    TooLarge(u64),
}

/// Whether these bytes begin like an image.
pub fn is_image(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// An image. Cloning shares it; it can be used from any thread.
#[derive(Clone)]
pub struct Image {
    inner: Arc<Inner>,
}

struct Inner {
    tables: Tables,
    meta: Meta,
    digest: String,
}

self_cell::self_cell! {
    /// The bytes, and the views into them: made once, because slicing the
    /// sections for each text costs more than folding a short one.
    struct Tables {
        owner: Checked,
        #[covariant]
        dependent: ImageView,
    }
}

struct Checked {
    data: Data,
    sections: check::Sections,
}

enum Data {
    Mapped(memmap2::Mmap),
    /// So many bytes of memory, from the start of a page: sections must be
    /// aligned for their elements.
    Owned(memmap2::Mmap, usize),
}

impl Data {
    fn bytes(&self) -> &[u8] {
        match self {
            Data::Mapped(map) => map,
            Data::Owned(map, len) => &map[..*len],
        }
    }
}

impl Image {
    /// Maps an image file and checks what scanning relies on: header, sizes,
    /// rules. Cost: parsing the rules; the dictionary is not read, pages of
    /// it come in as texts ask for them.
    ///
    /// The content is not compared with the checksum. A file that was changed
    /// can give wrong verdicts under the digest it claims, but nothing worse;
    /// [`Image::verify`] tells, once after a file has travelled.
    ///
    /// ```no_run
    /// use trommel::image::Image;
    ///
    /// let image = Image::open("packs.img".as_ref())?;
    /// image.verify()?;
    /// # Ok::<(), trommel::image::ImageError>(())
    /// ```
    pub fn open(path: &Path) -> Result<Image, ImageError> {
        let file = File::open(path).map_err(Kind::Io)?;
        let len = file.metadata().map_err(Kind::Io)?.len();
        if len > int::to_u64(limits::IMAGE_BYTES_MAX) {
            return Err(Kind::TooLarge(len).into());
        }
        if len == 0 {
            return Err(Kind::Magic(Vec::new()).into());
        }
        let map = mmap::map(&file).map_err(Kind::Io)?;
        Image::from_data(Data::Mapped(map))
    }

    /// [`Image::open`] and [`Image::verify`].
    pub fn open_verified(path: &Path) -> Result<Image, ImageError> {
        let image = Image::open(path)?;
        image.verify()?;
        Ok(image)
    }

    /// Copies an image and verifies it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Image, ImageError> {
        let image = Image::from_bytes_unverified(bytes)?;
        image.verify()?;
        Ok(image)
    }

    /// Copies an image and checks it as [`Image::open`] does.
    pub fn from_bytes_unverified(bytes: &[u8]) -> Result<Image, ImageError> {
        let map = mmap::copy(bytes).map_err(Kind::Io)?;
        Image::from_data(Data::Owned(map, bytes.len()))
    }

    /// Compares the content with the checksum and looks at every index in
    /// it. Cost: one pass over all bytes; 27 MB take about 12 ms.
    pub fn verify(&self) -> Result<(), ImageError> {
        Ok(check::verify(self.bytes(), &self.view(), self.meta())?)
    }

    fn from_data(data: Data) -> Result<Image, ImageError> {
        let (sections, meta) = check::open(data.bytes())?;
        let digest = digest_text(&data.bytes()[16..48]);
        let sets = meta.sets.len();
        let checked = Checked { data, sections };
        let tables = Tables::new(checked, |checked| {
            ImageView::new(checked.data.bytes(), &checked.sections, sets)
        });
        let inner = Inner { tables, meta, digest };
        Ok(Image { inner: Arc::new(inner) })
    }

    /// `b3:` and the BLAKE3 of the content in hexadecimal: names the image
    /// in verdicts. As the file claims it: [`Image::verify`] compares.
    pub fn digest(&self) -> &str {
        &self.inner.digest
    }

    /// Packs, sets, rules, conditions.
    pub fn meta(&self) -> &Meta {
        &self.inner.meta
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        self.inner.tables.borrow_owner().data.bytes()
    }

    /// The tables, ready for use. Cost: a copy of some hundred bytes.
    pub fn view(&self) -> ImageView<'_> {
        *self.tables()
    }

    /// The same where it lies: it is not small.
    pub fn tables(&self) -> &ImageView<'_> {
        self.inner.tables.borrow_dependent()
    }

    /// Name and length in bytes of every section.
    pub fn sections(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let sections = &self.inner.tables.borrow_owner().sections;
        section::ALL
            .iter()
            .map(|(id, name, _)| (*name, sections.range(*id).len()))
    }

    /// `name@version` of a pack.
    pub fn pack_label(&self, pack: u32) -> String {
        let pack = &self.meta().packs[int::to_usize(pack)];
        format!("{}@{}", pack.name, pack.version)
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Image").field("digest", &self.digest()).finish()
    }
}

fn digest_text(raw: &[u8]) -> String {
    let mut text = String::with_capacity(3 + raw.len() * 2);
    text.push_str("b3:");
    for byte in raw {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
