//! Images that are none: a clear message and exit code 2, never a panic.

use crate::{code, feed, run, stderr, stdout};

fn compiled(folder: &std::path::Path) -> (String, Vec<u8>) {
    let path = folder.join("demo.img").to_str().expect("UTF-8").to_owned();
    let output = run(&["compile", "demo", "-o", &path]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let bytes = std::fs::read(&path).expect("an image");
    (path, bytes)
}

fn refused(bytes: &[u8], message: &str) {
    inspect_refuses(bytes, message);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bad.img");
    std::fs::write(&path, bytes).expect("written");
    let path = path.to_str().expect("UTF-8");
    let output = feed(&["scan", "-r", path], b"{\"text\":\"x\"}\n");
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(!stderr(&output).contains("panicked"));
}

fn inspect_refuses(bytes: &[u8], message: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bad.img");
    std::fs::write(&path, bytes).expect("written");
    let output = run(&["inspect", path.to_str().expect("UTF-8")]);
    let text = stderr(&output);
    assert_eq!(code(&output), 2, "{text}");
    assert!(text.contains(message), "{message:?} in {text}");
    assert!(text.contains("bad.img"), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    assert_eq!(stdout(&output), "");
}

#[test]
fn wrong_magic() {
    for bytes in [&b"GIF89a.........."[..], b"", b"TROMMEL"] {
        inspect_refuses(bytes, "not a trommel image");
    }
}

/// A file that is neither an image nor a rule file is refused: as a pack
/// without rules it would let everything pass.
#[test]
fn any_other_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for bytes in [&b"GIF89a.........."[..], b"", b"TROMMEL"] {
        let path = folder.path().join("bad.img");
        std::fs::write(&path, bytes).expect("written");
        let path = path.to_str().expect("UTF-8");
        let output = feed(&["scan", "-r", path], b"{\"text\":\"x\"}\n");
        assert_eq!(code(&output), 2);
        assert_eq!(stdout(&output).lines().count(), 0);
    }
}

#[test]
fn other_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, mut bytes) = compiled(folder.path());
    bytes[8] += 1;
    refused(&bytes, &format!("version {}", bytes[8]));
}

#[test]
fn truncated() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, bytes) = compiled(folder.path());
    for len in [8, 47, 96, 400, bytes.len() / 2, bytes.len() - 1] {
        refused(&bytes[..len], "damaged");
    }
}

#[test]
fn flipped_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, bytes) = compiled(folder.path());
    for at in [16, 48, 100, bytes.len() / 2, bytes.len() - 1] {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x10;
        refused(&bytes, "checksum");
    }
}

#[test]
fn trailing_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, mut bytes) = compiled(folder.path());
    bytes.push(0);
    refused(&bytes, "damaged");
}

#[test]
fn an_image_scans_like_its_pack() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, _) = compiled(folder.path());
    let by_image = run(&["scan", "-q", "-r", &path, "posts.ndjson"]);
    let by_pack = run(&["scan", "-q", "-r", "demo", "posts.ndjson"]);
    assert_eq!(stdout(&by_image), stdout(&by_pack));
    assert!(stdout(&by_image).contains("takedown"));
}

#[test]
fn an_image_stands_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, _) = compiled(folder.path());
    let both = format!("{path},demo");
    let output = feed(&["scan", "-r", &both], b"");
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("cannot be combined"));
}
