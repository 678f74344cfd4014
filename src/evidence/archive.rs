//! Images and policies by digest, so that an old decision can be run again.
//! In: a folder; out: files named after what is in them, written once.

use std::io;
use std::path::{Path, PathBuf};

use crate::base::whole;
use crate::image::{Image, ImageError};

/// A folder of images and policies.
#[derive(Clone, Debug)]
pub struct Archive {
    folder: PathBuf,
}

/// `b3:0123…` as part of a file name; `None` for anything else.
fn stem(digest: &str) -> Option<&str> {
    let hex = digest.strip_prefix("b3:")?;
    let fits = hex.len() == 64
        && hex.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
    fits.then_some(hex)
}

impl Archive {
    pub fn new(folder: &Path) -> Archive {
        Archive { folder: folder.to_owned() }
    }

    fn image_path(&self, digest: &str) -> Option<PathBuf> {
        let name = format!("image-{}.img", stem(digest)?);
        Some(self.folder.join(name))
    }

    fn policy_path(&self, digest: &str) -> Option<PathBuf> {
        let name = format!("policy-{}.toml", stem(digest)?);
        Some(self.folder.join(name))
    }

    /// Keeps an image, unless it is there.
    pub fn put_image(&self, image: &Image) -> io::Result<()> {
        match self.image_path(image.digest()) {
            Some(path) => put(&path, image.bytes()),
            None => Ok(()),
        }
    }

    /// Keeps the text of a policy, unless it is there.
    pub fn put_policy(&self, digest: &str, text: &str) -> io::Result<()> {
        match self.policy_path(digest) {
            Some(path) => put(&path, text.as_bytes()),
            None => Ok(()),
        }
    }

    /// The image of that digest; `None` when it is not here.
    pub fn image(&self, digest: &str) -> Option<Result<Image, ImageError>> {
        let path = self.image_path(digest).filter(|path| path.is_file())?;
        Some(Image::open_verified(&path))
    }

    /// The policy of that digest; `None` when it is not here.
    pub fn policy(&self, digest: &str) -> Option<io::Result<String>> {
        let path = self.policy_path(digest).filter(|path| path.is_file())?;
        Some(std::fs::read_to_string(path))
    }
}

/// The name appears only when the file is whole.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.is_file() {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    whole::write(path, bytes)
}
