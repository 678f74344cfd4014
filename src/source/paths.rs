//! Paths as the user gives them. In: files, folders, patterns, `-`; out: one
//! item a source, in a fixed order, errors in their places. Never opens a
//! file.
//!
//! Folders are walked depth first, names in byte order, hidden entries left
//! out; links to files count, links to folders do not (they make loops). A
//! pattern (`*`, `?`, `[`, `{`) is tried when no file of that name exists:
//! on a command line without a shell, in a configuration file, in quotes.

use std::ffi::OsStr;
use std::io;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use globset::GlobBuilder;
use walkdir::DirEntry;
use walkdir::WalkDir;

use super::SourceError;

/// One source to open.
#[derive(Debug)]
pub(super) enum Item {
    Stdin,
    /// A path and its size, where it has one.
    Path(PathBuf, Option<u64>),
    Broken(PathBuf, SourceError),
}

/// Expands the paths. No path at all is standard input.
pub(super) fn expand(paths: &[PathBuf]) -> Vec<Item> {
    let mut items = Vec::new();
    for path in paths {
        expand_one(path, &mut items);
    }
    if paths.is_empty() {
        items.push(Item::Stdin);
    }
    items
}

fn expand_one(path: &Path, items: &mut Vec<Item>) {
    if path == Path::new("-") {
        items.push(Item::Stdin);
        return;
    }
    match path.metadata() {
        Ok(meta) if meta.is_dir() => walk(path, items),
        Ok(meta) => {
            let size = meta.is_file().then_some(meta.len());
            items.push(Item::Path(path.to_owned(), size));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            match path.to_str().filter(|text| has_pattern(text)) {
                Some(pattern) => expand_pattern(pattern, items),
                None => broken(path, SourceError::open(error), items),
            }
        }
        Err(error) => broken(path, SourceError::open(error), items),
    }
}

fn broken(path: &Path, error: SourceError, items: &mut Vec<Item>) {
    items.push(Item::Broken(path.to_owned(), error));
}

fn hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().first() == Some(&b'.')
}

fn shown(entry: &DirEntry) -> bool {
    // Depth 0 is what the user asked for, `.` for example.
    entry.depth() == 0 || !hidden(entry.file_name())
}

fn walk(folder: &Path, items: &mut Vec<Item>) {
    let entries = WalkDir::new(folder).sort_by_file_name();
    for entry in entries.into_iter().filter_entry(shown) {
        match entry {
            Ok(entry) => push_entry(entry.path(), &entry, items),
            Err(error) => push_walk_error(folder, error, items),
        }
    }
}

/// Adds a walked entry when it is a file or a link to one. Pipes, sockets
/// and devices in a folder are nobody's posts, and opening them may wait.
fn push_entry(path: &Path, entry: &DirEntry, items: &mut Vec<Item>) {
    let kind = entry.file_type();
    if !kind.is_file() && !kind.is_symlink() {
        return;
    }
    match path.metadata() {
        Ok(meta) if meta.is_file() => {
            items.push(Item::Path(path.to_owned(), Some(meta.len())));
        }
        Ok(_) => {}
        Err(error) => broken(path, SourceError::open(error), items),
    }
}

fn push_walk_error(
    folder: &Path,
    error: walkdir::Error,
    items: &mut Vec<Item>,
) {
    let path = error.path().unwrap_or(folder).to_owned();
    broken(&path, SourceError::open(error.into()), items);
}

fn has_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// Everything a pattern matches below its longest part without one.
/// A folder that matches is walked, as a shell would have handed it over.
fn expand_pattern(pattern: &str, items: &mut Vec<Item>) {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    let matcher = match glob {
        Ok(glob) => glob.compile_matcher(),
        Err(error) => {
            let error = SourceError::pattern(error.to_string());
            return broken(Path::new(pattern), error, items);
        }
    };
    let mut base = PathBuf::new();
    let mut depth = 0;
    for component in Path::new(pattern).components() {
        let text = component.as_os_str().to_string_lossy();
        if depth > 0 || has_pattern(&text) {
            depth += 1;
        } else {
            base.push(component);
        }
    }
    if pattern.contains("**") {
        depth = usize::MAX;
    }
    let relative = base.as_os_str().is_empty();
    let root = if relative { Path::new(".") } else { base.as_path() };
    let before = items.len();
    let entries = WalkDir::new(root).max_depth(depth).sort_by_file_name();
    let mut entries = entries.into_iter().filter_entry(shown);
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            // The base is not there: told below as a pattern without match.
            Err(error) if error.depth() == 0 => break,
            Err(error) => {
                push_walk_error(root, error, items);
                continue;
            }
        };
        let path = match entry.path().components().next() {
            Some(Component::CurDir) if relative => {
                entry.path().strip_prefix(".").unwrap_or(entry.path())
            }
            _ => entry.path(),
        };
        if !matcher.is_match(path) {
            continue;
        }
        if entry.file_type().is_dir() {
            walk(path, items);
            entries.skip_current_dir();
        } else {
            push_entry(path, &entry, items);
        }
    }
    if items.len() == before {
        let error = SourceError::pattern("no file matches".to_owned());
        broken(Path::new(pattern), error, items);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn names(root: &Path, paths: &[PathBuf]) -> Vec<String> {
        let name = |path: &Path| {
            let path = path.strip_prefix(root).unwrap_or(path);
            path.to_string_lossy().into_owned()
        };
        expand(paths)
            .iter()
            .map(|item| match item {
                Item::Stdin => "-".to_owned(),
                Item::Path(path, _) => name(path),
                Item::Broken(path, error) => {
                    format!("{}: {error}", name(path))
                }
            })
            .collect()
    }

    #[test]
    fn folders_patterns_and_errors_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("b/c")).unwrap();
        fs::create_dir_all(root.join(".git")).unwrap();
        for name in ["b/c/3.csv", "b/2.csv", "a.csv", ".git/x", "b/.h", "z"] {
            fs::write(root.join(name), "x").unwrap();
        }
        std::os::unix::fs::symlink(root, root.join("b/loop")).unwrap();
        std::os::unix::fs::symlink(root.join("z"), root.join("b/z")).unwrap();

        let at = |text: &str| vec![root.join(text)];
        let all = ["a.csv", "b/2.csv", "b/c/3.csv", "b/z", "z"];
        assert_eq!(names(root, &[root.to_owned()]), all);
        assert_eq!(names(root, &at("*.csv")), ["a.csv"]);
        assert_eq!(
            names(root, &at("**/*.csv")),
            ["a.csv", "b/2.csv", "b/c/3.csv"]
        );
        assert_eq!(names(root, &at("[b]")), ["b/2.csv", "b/c/3.csv", "b/z"]);
        assert_eq!(names(root, &at("*.x")), ["*.x: no file matches"]);
        assert_eq!(names(root, &at("q/*.x")), ["q/*.x: no file matches"]);
        let missing = names(root, &at("none"));
        assert!(missing[0].starts_with("none: "), "{missing:?}");
        assert_eq!(names(root, &[]), ["-"]);
        assert_eq!(names(root, &["-".into()]), ["-"]);
    }
}
