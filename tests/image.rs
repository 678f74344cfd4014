//! Images as files: what opens without being verified gives the same
//! verdicts, and what was damaged is refused or at worst wrong.

use std::fs;
use std::path::Path;

use trommel::eval::{Scanner, Scratch};
use trommel::image::{Image, section};
use trommel::pack::load::{PackSource, SourceFile};
use trommel::pack::{Options, compile};
use trommel::verdict::Verdict;

const RULES: &str = "[[rule]]\nid = \"spam.row\"\ntitle = \"Row\"\n\
     category = \"spam\"\nconfidence = 0.9\nstatus = \"stable\"\n\
     owner = \"tests\"\nreview_by = 2099-01-01\n\
     reason = { zh = \"行\", en = \"Row\" }\n[rule.sets]\n\
     ads = { list = [\"加微信看片\", \"casino bonus\", \"+v看群\", \"888\"] }\n\
     calm = { list = [\"谨防诈骗\"] }\n[rule.match]\nwhen = \"ads\"\n\
     unless = \"calm\"\nunless_to = \"report\"\n";

const TEXTS: [(&str, Verdict); 7] = [
    ("加微信看片", Verdict::Takedown),
    ("加.微.信.看.片", Verdict::Report),
    ("c4s1no b0nus", Verdict::Report),
    ("来 +v看群", Verdict::Takedown),
    ("谨防诈骗: 加微信看片", Verdict::Report),
    ("今天天气不错", Verdict::Pass),
    ("a casino, a bonus", Verdict::Pass),
];

fn image() -> Image {
    let file = SourceFile {
        path: "spam.toml".to_owned(),
        name: "spam.toml".to_owned(),
        text: RULES.to_owned(),
    };
    let pack = PackSource { name: "spam".to_owned(), files: vec![file] };
    compile(vec![pack], &Options::default()).image().expect("compiles")
}

fn verdicts(image: &Image) -> Vec<Verdict> {
    let scanner = Scanner::new(image.clone()).expect("a scanner");
    let mut scratch = Scratch::default();
    TEXTS
        .iter()
        .map(|(text, _)| scanner.check(text, &mut scratch).verdict())
        .collect()
}

fn u64_at(bytes: &[u8], at: usize) -> usize {
    let raw: [u8; 8] = bytes[at..at + 8].try_into().expect("8 bytes");
    usize::try_from(u64::from_le_bytes(raw)).expect("small")
}

/// Place of a section in the table, and where the section lies.
fn place(bytes: &[u8], id: u32) -> (usize, usize, usize) {
    let entry = 96 + 24 * (usize::try_from(id).expect("small") - 1);
    (entry, u64_at(bytes, entry + 8), u64_at(bytes, entry + 16))
}

fn seal(bytes: &mut [u8]) {
    let digest = blake3::hash(&bytes[48..]);
    bytes[16..48].copy_from_slice(digest.as_bytes());
}

fn written(folder: &Path, bytes: &[u8]) -> Result<Image, String> {
    let path = folder.join("packs.img");
    let _ = fs::remove_file(&path);
    fs::write(&path, bytes).expect("writes");
    Image::open(&path).map_err(|error| error.to_string())
}

#[test]
fn what_is_opened_is_what_was_compiled() {
    let folder = tempfile::tempdir().expect("a folder");
    let compiled = image();
    let wanted: Vec<Verdict> = TEXTS.iter().map(|row| row.1).collect();
    assert_eq!(verdicts(&compiled), wanted);
    let opened = written(folder.path(), compiled.bytes()).expect("opens");
    assert_eq!(opened.digest(), compiled.digest());
    assert_eq!(verdicts(&opened), wanted);
    opened.verify().expect("is intact");
}

/// A byte is changed in every section: the file still opens unless what
/// opening looks at is hit, and verifying tells in every case.
#[test]
fn verifying_finds_what_opening_does_not_look_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = image().bytes().to_vec();
    let (mut opened, mut refused) = (0, 0);
    for (id, name, _) in section::ALL {
        let (_, from, len) = place(&bytes, id);
        for at in [0, len / 2, len.saturating_sub(1)] {
            if len == 0 {
                continue;
            }
            let mut bent = bytes.clone();
            bent[from + at] ^= 0x41;
            match written(folder.path(), &bent) {
                Ok(image) => {
                    opened += 1;
                    let error = image.verify().expect_err(name).to_string();
                    assert!(error.contains("checksum"), "{name}: {error}");
                    let _ = verdicts(&image);
                }
                Err(error) => {
                    refused += 1;
                    assert!(error.contains("checksum"), "{name}: {error}");
                }
            }
        }
    }
    assert!(opened > 40 && refused > 2, "{opened} {refused}");
}

/// With a right checksum: every value of every index may be anything.
#[test]
fn an_image_that_points_nowhere_finds_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = image().bytes().to_vec();
    let mut refused = 0;
    for (id, name, size) in section::ALL {
        let (_, from, len) = place(&bytes, id);
        if len == 0 || id == section::META {
            continue;
        }
        for fill in [0xFF, 0x7F, 0x01, 0x00] {
            // The whole section, then its first and its last elements.
            let ends = [0..len, 0..len.min(4 * size), len - size..len];
            for range in ends {
                let mut bent = bytes.clone();
                bent[from..][range].fill(fill);
                seal(&mut bent);
                let Ok(image) = written(folder.path(), &bent) else {
                    continue;
                };
                let found = verdicts(&image);
                assert_eq!(found.len(), TEXTS.len(), "{name}");
                refused += usize::from(image.verify().is_err());
            }
        }
    }
    assert!(refused > 60, "{refused}");
}

#[test]
fn a_file_that_was_cut_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = image().bytes().to_vec();
    for len in [0, 7, 8, 95, 96, 500, bytes.len() / 2, bytes.len() - 1] {
        let error = written(folder.path(), &bytes[..len]).expect_err("cut");
        assert!(!error.is_empty());
    }
    let mut more = bytes.clone();
    more.push(0);
    written(folder.path(), &more).expect_err("a byte too many");
}

/// What the image says of its sets is compared with the terms.
#[test]
fn verifying_knows_which_sets_wake_rules() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut bytes = image().bytes().to_vec();
    let (_, from, len) = place(&bytes, section::META);
    let meta = String::from_utf8(bytes[from..from + len].to_vec())
        .expect("JSON is UTF-8");
    let mut other = meta.replace(",\"waking\":true", "");
    assert_ne!(meta.len(), other.len());
    // JSON may end in blanks.
    other.push_str(&" ".repeat(len - other.len()));
    bytes[from..from + len].copy_from_slice(other.as_bytes());
    seal(&mut bytes);
    let image = written(folder.path(), &bytes).expect("opens");
    let error = image.verify().expect_err("lies").to_string();
    assert!(error.contains("wakes a rule"), "{error}");
}
