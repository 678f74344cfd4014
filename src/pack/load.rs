//! Finding the files of packs. In: a path or the name of a shipped pack;
//! out: source files in memory. Parses nothing.

use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

/// The packs that come with the program, as they are in `rules/`.
static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// One file of a pack.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// As shown in messages.
    pub path: String,
    /// Relative to the pack folder, with `/`.
    pub name: String,
    pub text: String,
}

/// The files of one pack.
#[derive(Clone, Debug)]
pub struct PackSource {
    /// Folder name, or the stem of a single rule file.
    pub name: String,
    pub files: Vec<SourceFile>,
}

/// Why packs could not be found.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{path}: {error}")]
    Io { path: String, error: io::Error },
    #[error("{path}: not UTF-8 at byte {at}")]
    Utf8 { path: String, at: usize },
    #[error(
        "{path}: neither packs nor an image: expected a folder with \
             pack.toml, a folder of such folders, a rule file ending in \
             .toml, or a file made by `trommel compile`"
    )]
    NoPack { path: String },
    #[error("no file, folder or shipped pack is called {name:?}{hint}")]
    Unknown { name: String, hint: String },
}

/// Names of the shipped packs, sorted.
pub fn shipped_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = SHIPPED
        .dirs()
        .filter(|dir| dir.get_file(dir.path().join("pack.toml")).is_some())
        .filter_map(|dir| dir.path().to_str())
        .collect();
    names.sort_unstable();
    names
}

/// A shipped pack.
pub fn shipped(name: &str) -> Option<PackSource> {
    let dir = SHIPPED.get_dir(name)?;
    let mut files = Vec::new();
    shipped_files(dir, name, &mut files);
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Some(PackSource { name: name.to_owned(), files })
}

fn shipped_files(dir: &Dir<'_>, pack: &str, out: &mut Vec<SourceFile>) {
    for file in dir.files() {
        let Some(path) = file.path().to_str() else { continue };
        let name = path.strip_prefix(pack).unwrap_or(path);
        let name = name.trim_start_matches('/').to_owned();
        if let (true, Some(text)) = (is_source(&name), file.contents_utf8()) {
            let path = format!("shipped:{path}");
            out.push(SourceFile { path, name, text: text.to_owned() });
        }
    }
    for inner in dir.dirs() {
        shipped_files(inner, pack, out);
    }
}

/// Whether a file of a pack folder belongs to the pack.
fn is_source(name: &str) -> bool {
    [".toml", ".txt", ".tsv"].iter().any(|end| name.ends_with(end))
}

/// The packs at a path: a folder with `pack.toml`, a folder of such folders,
/// a lone rule file, or the name of a shipped pack.
pub fn load(spec: &str) -> Result<Vec<PackSource>, LoadError> {
    let path = Path::new(spec);
    if !path.exists() {
        return match shipped(spec) {
            Some(pack) => Ok(vec![pack]),
            None => Err(unknown(spec)),
        };
    }
    if path.is_file() {
        // Any other file would be a pack without rules, and every post
        // would pass.
        if path.extension().is_none_or(|end| end != "toml") {
            return Err(LoadError::NoPack { path: spec.to_owned() });
        }
        return Ok(vec![lone_file(path)?]);
    }
    if path.join("pack.toml").is_file() {
        return Ok(vec![folder(path)?]);
    }
    let mut packs = Vec::new();
    for inner in sorted_entries(path)? {
        if inner.join("pack.toml").is_file() {
            packs.push(folder(&inner)?);
        }
    }
    if packs.is_empty() {
        return Err(LoadError::NoPack { path: spec.to_owned() });
    }
    Ok(packs)
}

fn unknown(spec: &str) -> LoadError {
    let names = shipped_names();
    let near = crate::base::near::nearest(spec, names.iter().copied());
    let hint = match near {
        Some(near) => format!("; did you mean {near:?}?"),
        None => format!("; shipped packs are {}", names.join(", ")),
    };
    LoadError::Unknown { name: spec.to_owned(), hint }
}

fn lone_file(path: &Path) -> Result<PackSource, LoadError> {
    let file_name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let name = file_name.trim_end_matches(".toml").to_owned();
    let mut files = vec![read(path, file_name)?];
    // Term files and models beside it work as they do in a pack.
    let parent = path.parent().unwrap_or(Path::new(""));
    for beside in ["terms", "weights"] {
        let folder = parent.join(beside);
        if folder.is_dir() {
            walk(&folder, &format!("{beside}/"), &mut files)?;
        }
    }
    Ok(PackSource { name, files })
}

fn folder(path: &Path) -> Result<PackSource, LoadError> {
    let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = full
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut files = Vec::new();
    walk(path, "", &mut files)?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(PackSource { name, files })
}

fn walk(
    path: &Path,
    prefix: &str,
    out: &mut Vec<SourceFile>,
) -> Result<(), LoadError> {
    for entry in sorted_entries(path)? {
        let Some(file) = entry.file_name().and_then(|name| name.to_str())
        else {
            continue;
        };
        if file.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}{file}");
        if entry.is_dir() {
            walk(&entry, &format!("{name}/"), out)?;
        } else if is_source(&name) {
            out.push(read(&entry, name)?);
        }
    }
    Ok(())
}

fn sorted_entries(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let fail =
        |error| LoadError::Io { path: path.display().to_string(), error };
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path).map_err(fail)? {
        entries.push(entry.map_err(fail)?.path());
    }
    entries.sort();
    Ok(entries)
}

fn read(path: &Path, name: String) -> Result<SourceFile, LoadError> {
    let shown = path.display().to_string();
    let bytes = std::fs::read(path)
        .map_err(|error| LoadError::Io { path: shown.clone(), error })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        LoadError::Utf8 { path: shown.clone(), at }
    })?;
    Ok(SourceFile { path: shown, name, text })
}
