//! The fold tables: files equal their provenance, rows agree with crates
//! that were made from Unicode data by other people, invariants hold for
//! every code point.

use std::fs;
use std::path::PathBuf;

use regex::Regex;
use sha2::Digest;
use sha2::Sha256;
use trommel::fold::tables;
use trommel::fold::tables::Kind;
use trommel::fold::tables::TableFold;
use unicode_normalization::UnicodeNormalization;

fn data_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/fold/data")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn every_char() -> impl Iterator<Item = char> {
    '\0'..=char::MAX
}

/// A test for one code point; the pattern is the inside of a class.
fn class(inside: &str) -> impl Fn(char) -> bool {
    let pattern = format!("^[{inside}]$");
    // The patterns are literals of this file.
    let regex = Regex::new(&pattern).expect("a class of this file");
    move |c| {
        let mut buffer = [0; 4];
        regex.is_match(c.encode_utf8(&mut buffer))
    }
}

/// The string when it is one character.
fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

fn assert_canonical(c: char, from: char) {
    assert_eq!(tables::t0(c), None, "{c:?}, target of {from:?}");
    assert_eq!(tables::kind(c), Kind::Letter, "{c:?}, target of {from:?}");
}

fn assert_ascending(name: &str, keys: impl Iterator<Item = char>) {
    let keys: Vec<char> = keys.collect();
    assert!(!keys.is_empty(), "{name} is empty");
    for pair in keys.windows(2) {
        assert!(pair[0] < pair[1], "{name}: {pair:?}");
    }
}

#[test]
fn files_equal_their_provenance() {
    let text = fs::read_to_string(data_folder().join("PROVENANCE.md"))
        .expect("the provenance is committed");
    let mut rows = Vec::new();
    for line in text.lines().filter(|line| line.contains(".rs` |")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if cells.len() == 6 {
            rows.push((cells[1].trim_matches('`'), cells[4]));
        }
    }
    let mut files: Vec<String> = fs::read_dir(data_folder())
        .expect("the data folder is committed")
        .map(|entry| entry.expect("a readable folder").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".rs"))
        .collect();
    files.sort();
    let named: Vec<&str> = rows.iter().map(|row| row.0).collect();
    assert_eq!(files, named, "data files and rows of PROVENANCE.md");
    for (name, expected) in rows {
        let bytes = fs::read(data_folder().join(name)).expect("listed above");
        assert_eq!(
            hex(&Sha256::digest(&bytes)),
            expected,
            "{name} was edited: run xtask/tables/generate.py"
        );
    }
}

#[test]
fn digest_is_the_same_everywhere() {
    assert_eq!(
        hex(&tables::computed_digest()),
        hex(&tables::tables_digest()),
        "an answer changed: raise TABLE_REVISION and write the first of \
         these as DIGEST in src/fold/tables.rs"
    );
    assert!(tables::TABLES_VERSION.starts_with("ucd15.0.0+uts39-"));
}

#[test]
fn rows_ascend_without_duplicates() {
    let ligatures = tables::ligatures();
    assert_ascending("ligatures", ligatures.iter().map(|row| row.0));
    assert_ascending("splits", tables::all_splits().iter().map(|row| row.0));
    assert_ascending("digits", tables::digits().iter().map(|row| row.0));
    assert_ascending("digraphs", tables::digraphs().iter().map(|row| row.0));
    assert_ascending("mapped", tables::all_mapped());
    let mut next = 0;
    for &(first, last, kind) in tables::kind_ranges() {
        assert!(next <= first && first <= last, "{first:x}-{last:x}");
        assert_ne!(kind, Kind::Other);
        next = last + 1;
    }
    assert!(next <= 0x11_0000);
}

#[test]
fn lookups_see_every_row() {
    // Binary search over an unsorted table would lose rows silently.
    let mapped = every_char().filter(|&c| {
        tables::t0(c).is_some()
            || !tables::t1(c).is_empty()
            || tables::ligature(c).is_some()
    });
    assert!(mapped.eq(tables::all_mapped()));
    for &(c, letters) in tables::ligatures() {
        assert_eq!(tables::ligature(c), Some(letters));
    }
    for &(c, parts) in tables::all_splits() {
        assert_eq!(tables::splits(c), parts);
    }
    let digits = every_char().filter_map(|c| Some((c, tables::digit(c)?)));
    assert!(digits.eq(tables::digits().iter().copied()));
    let lookalikes = every_char().filter_map(tables::digit_lookalike);
    assert_eq!(lookalikes.count(), 26);
}

#[test]
fn targets_are_canonical() {
    for c in every_char() {
        if let Some((to, _)) = tables::t0(c) {
            assert_ne!(to, c);
            assert_canonical(to, c);
            assert_eq!(tables::kind(c), Kind::Letter, "{c:?}");
        }
        let targets = tables::t1(c);
        for (index, &(to, _)) in targets.iter().enumerate() {
            assert_canonical(to, c);
            assert_ne!(to, tables::canonical(c), "T1 repeats T0 of {c:?}");
            let twice = targets[..index].iter().any(|row| row.0 == to);
            assert!(!twice, "{c:?} names {to:?} twice");
        }
    }
    for &(c, letters) in tables::ligatures() {
        assert_eq!(tables::t0(c), None, "{c:?} is 1:1 and 1:n");
        assert_eq!(tables::kind(c), Kind::Letter, "{c:?}");
        assert!(letters.chars().count() >= 2, "{c:?}");
        letters.chars().for_each(|to| assert_canonical(to, c));
    }
    for &(c, letters) in tables::digraphs() {
        assert!(letters.len() == 2);
        letters.chars().for_each(|to| assert_canonical(to, c));
    }
}

#[test]
fn splits_are_typeable_parts() {
    for &(c, parts) in tables::all_splits() {
        assert_canonical(c, c);
        assert!((1..=6).contains(&parts.len()), "{c:?}");
        for (index, part) in parts.iter().enumerate() {
            let length = part.chars().count();
            assert!((2..=3).contains(&length), "{c:?} as {part:?}");
            assert!(!part.contains(c), "{c:?} as {part:?}");
            assert!(!parts[..index].contains(part), "{c:?} as {part:?}");
            for letter in part.chars() {
                assert_canonical(letter, c);
                assert!(tables::is_han(letter), "{c:?} as {part:?}");
            }
        }
    }
}

#[test]
fn han_stays_han() {
    for c in every_char().filter(|&c| tables::is_han(c)) {
        assert!(tables::is_han(tables::canonical(c)), "{c:?}");
        for &(to, _) in tables::t1(c) {
            assert!(tables::is_han(to), "{c:?} to {to:?}");
        }
    }
    for c in every_char().filter(|&c| tables::is_han(tables::canonical(c))) {
        for &(to, _) in tables::t1(c) {
            assert!(tables::is_han(to), "{c:?} to {to:?}");
        }
    }
    // What UTS #39 sends out of Han.
    for c in "一丅丫丶丿丨七乙卜口夕工力".chars() {
        assert_eq!(tables::t0(c), None, "{c}");
        assert!(tables::t1(c).is_empty(), "{c}");
    }
}

#[test]
fn ascii_is_plain() {
    for c in '\0'..='\x7f' {
        let lower = c.to_ascii_lowercase();
        let expected = (lower != c).then_some((lower, TableFold::Case));
        assert_eq!(tables::t0(c), expected, "{c:?}");
        assert_eq!(tables::ligature(c), None);
        let kind = match c {
            '\t' | '\n' | '\r' => Kind::Separator,
            _ if c.is_ascii_control() => Kind::Ignorable,
            _ if c.is_ascii_alphanumeric() => Kind::Letter,
            _ => Kind::Separator,
        };
        assert_eq!(tables::kind(c), kind, "{c:?}");
        let row = tables::kind_ranges()
            .iter()
            .find(|row| (row.0..=row.1).contains(&u32::from(c)));
        assert_eq!(row.map(|row| row.2), Some(kind), "{c:?} in the ranges");
    }
}

#[test]
fn kinds_agree_with_general_categories() {
    // The crate knows a newer Unicode: compare what both know.
    let known = class(r"\p{age:15.0}");
    let ignorable =
        class(r"\p{Default_Ignorable_Code_Point}\u{2800}\u{fff9}-\u{fffb}");
    let control = class(r"\p{Cc}&&[^\t\n\r]");
    let mark = class(r"\p{M}\u{ff9e}\u{ff9f}");
    let letter = class(r"\p{L}\p{Nd}\p{Nl}");
    let other_number = class(r"\p{No}");
    let separator = class(r"\p{P}\p{S}\p{Z}\p{Extended_Pictographic}\t\n\r");
    for c in every_char() {
        let found = tables::kind(c);
        let folds = tables::t0(c).is_some() || tables::ligature(c).is_some();
        let expected = if ignorable(c) || control(c) {
            Kind::Ignorable
        } else if !known(c) {
            // Reserved pictographs, reserved Han, outlined letters of
            // Unicode 16; everything else is unknown to the tables.
            let reserved = separator(c) || tables::is_han(c) || folds;
            assert!(found == Kind::Other || reserved, "{c:?}: {found:?}");
            continue;
        } else if mark(c) {
            Kind::Mark
        } else if folds {
            Kind::Letter
        } else if tables::is_stroke(c) {
            Kind::Separator
        } else if other_number(c) {
            let digit = tables::digit(c).is_some();
            if digit { Kind::Letter } else { Kind::Separator }
        } else if letter(c) {
            Kind::Letter
        } else if separator(c) {
            Kind::Separator
        } else {
            Kind::Other
        };
        let stroke_like = c.nfkc().all(tables::is_stroke);
        assert!(
            found == expected || stroke_like && found == Kind::Separator,
            "{c:?}: {found:?}, expected {expected:?}"
        );
    }
}

#[test]
fn t0_agrees_with_nfkc() {
    let known = class(r"\p{age:15.0}");
    let letters =
        every_char().filter(|&c| known(c) && tables::kind(c) == Kind::Letter);
    let fold = |c: char| match tables::ligature(c) {
        Some(letters) => String::from(letters),
        None => String::from(tables::canonical(c)),
    };
    let mut wrong = Vec::new();
    for c in letters {
        // Whatever one normalisation or one lower-casing makes of a letter
        // must fold to the same canonical letter as the letter itself.
        for other in [single(c.nfkc()), single(c.to_lowercase())] {
            let Some(other) = other else { continue };
            if fold(c) != fold(other) {
                wrong.push((c, fold(c), other, fold(other)));
            }
        }
    }
    assert_eq!(wrong, []);
}

#[test]
fn every_t0_row_has_a_reason() {
    let droppable = class(r"\p{P}\p{Z}ʹ-ʿ");
    let mark = class(r"\p{Mn}\p{Me}");
    let mut wrong = Vec::new();
    for c in every_char() {
        let Some((to, fold)) = tables::t0(c) else { continue };
        let plain = |c: char| {
            c.nfkd()
                .filter(|&c| !mark(c) && !droppable(c))
                .flat_map(char::to_lowercase)
                .map(tables::canonical)
                .nfkc()
                .collect::<String>()
        };
        let agrees = plain(c) == plain(to);
        // What NFKC does not know: see the hand-written lists and
        // EquivalentUnifiedIdeograph in the generator.
        let own = match fold {
            TableFold::Styled => {
                matches!(c, 'ʀ'..='ʟ' | 'ɢ' | 'ɪ' | 'ɴ')
                    || matches!(c, 'ᴀ'..='ᴢ' | 'ꜰ' | 'ꜱ' | 'ꞯ' | 'ᶦ'..='ᶸ')
                    || matches!(c, '\u{1f100}'..='\u{1f1ff}')
                    || matches!(c, '\u{2460}'..='\u{24ff}')
                    || matches!(c, '\u{2776}'..='\u{2793}')
                    || matches!(c, '\u{1ccd6}'..='\u{1ccf9}')
                    || tables::digit(c).is_some()
            }
            TableFold::Traditional | TableFold::Radical => tables::is_han(to),
            _ => false,
        };
        if !agrees && !own {
            wrong.push((c, to, fold));
        }
    }
    // The spacing iota subscript: a mark on a space in NFKD.
    assert_eq!(wrong, [('\u{37a}', 'ι', TableFold::Styled)]);
}

#[test]
fn homoglyphs_cover_the_confusables() {
    let letter = class(r"\p{L}\p{N}");
    let mut covered = 0;
    for c in every_char() {
        let is_letter = letter(c) && tables::kind(c) == Kind::Letter;
        if !is_letter || tables::is_han(tables::canonical(c)) {
            continue;
        }
        let text = String::from(c);
        let Some(prototype) = single(unicode_security::skeleton(&text)) else {
            continue;
        };
        let target = tables::canonical(prototype);
        if prototype == c || !target.is_ascii_alphanumeric() {
            continue;
        }
        let found = tables::canonical(c) == target
            || tables::t1(c).iter().any(|row| row.0 == target);
        assert!(found, "{c:?} looks like {target:?}");
        covered += 1;
    }
    assert!(covered > 1_300, "{covered} confusables with an ASCII target");
}

#[test]
fn decimal_digits_count_up() {
    let known = class(r"\p{age:15.0}");
    let decimal = class(r"\p{Nd}");
    let mut run = 0_u8;
    for c in every_char().filter(|&c| known(c)) {
        if !decimal(c) {
            assert_eq!(run, 0, "a run of ten ends before {c:?}");
            continue;
        }
        assert_eq!(tables::digit(c), Some(run), "{c:?}");
        let canonical = tables::canonical(c);
        assert_eq!(canonical, char::from(b'0' + run), "{c:?}");
        run = (run + 1) % 10;
    }
}

#[test]
fn t0_known_rows() {
    use TableFold::*;
    let rows = [
        ('Ｖ', 'v', Width),
        ('５', '5', Width),
        ('ﾊ', 'ハ', Width),
        ('É', 'e', Mark),
        ('é', 'e', Mark),
        ('ü', 'u', Mark),
        ('й', 'и', Mark),
        ('ⓥ', 'v', Styled),
        ('Ⓔ', 'e', Styled),
        ('🅥', 'v', Styled),
        ('🆇', 'x', Styled),
        ('🅰', 'a', Styled),
        ('🇻', 'v', Styled),
        ('𝓿', 'v', Styled),
        ('ᴀ', 'a', Styled),
        ('ʙ', 'b', Styled),
        ('ᵃ', 'a', Styled),
        ('⑴', '1', Styled),
        ('⒈', '1', Styled),
        ('⒜', 'a', Styled),
        ('❶', '1', Styled),
        ('➀', '1', Styled),
        ('➊', '1', Styled),
        ('²', '2', Styled),
        ('٣', '3', Styled),
        ('㊙', '秘', Styled),
        ('🈚', '无', Styled),
        ('㈱', '株', Styled),
        ('註', '注', Traditional),
        ('冊', '册', Traditional),
        ('賭', '赌', Traditional),
        ('臺', '台', Traditional),
        // A compatibility form of a traditional character: the farther
        // fold is the one named.
        ('\u{f902}', '车', Traditional),
        ('\u{f937}', '路', Radical),
        ('⼥', '女', Radical),
        ('㇐', '一', Radical),
        ('А', 'а', Case),
        ('Q', 'q', Case),
    ];
    for (c, to, fold) in rows {
        assert_eq!(tables::t0(c), Some((to, fold)), "{c}");
    }
    // U+FA29 is one of the twelve unified ideographs in the compatibility
    // block: it is its own letter.
    for c in "微信加女子注一十aznо5\u{fa29}ßœđ".chars() {
        assert_eq!(tables::t0(c), None, "{c}");
    }
}

#[test]
fn t1_known_rows() {
    use TableFold::*;
    let rows = [
        ('с', 'c', Homoglyph),
        ('а', 'a', Homoglyph),
        ('к', 'k', Homoglyph),
        ('п', 'n', Homoglyph),
        ('ο', 'o', Homoglyph),
        ('ı', 'i', Homoglyph),
        ('đ', 'd', Homoglyph),
        ('ø', 'o', Homoglyph),
        ('ǝ', 'e', Homoglyph),
        ('I', 'l', Homoglyph),
        ('l', 'i', Homoglyph),
        ('o', '0', Homoglyph),
        ('ロ', '口', Homoglyph),
        ('ー', '一', Homoglyph),
        ('4', 'a', Leet),
        ('@', 'a', Leet),
        ('$', 's', Leet),
        ('＄', 's', Leet),
        ('0', 'o', Leet),
        ('⓪', 'o', Leet),
        ('1', 'l', Leet),
        ('|', 'l', Leet),
        ('!', 'i', Leet),
        ('₦', 'n', Leet),
        ('辢', '辣', Variant),
        ('広', '广', Variant),
        ('図', '图', Variant),
        ('妳', '你', Variant),
        ('邨', '村', Variant),
        ('扌', '手', Variant),
    ];
    for (c, to, fold) in rows {
        assert!(tables::t1(c).contains(&(to, fold)), "{c} to {to}");
    }
    // Common characters keep to themselves.
    for c in "微信曜耀澹淡人入未末土士己已巳像象覆复".chars()
    {
        assert!(tables::t1(c).is_empty(), "{c}: {:?}", tables::t1(c));
    }
}

#[test]
fn other_known_rows() {
    let ligatures = [
        ('℡', "tel"),
        ('㎏', "kg"),
        ('ﬁ', "fi"),
        ('⑽', "10"),
        ('➉', "10"),
        ('㋀', "1月"),
        ('㍘', "0点"),
        ('🆓', "free"),
        ('Ⅱ', "ii"),
    ];
    for (c, letters) in ligatures {
        assert_eq!(tables::ligature(c), Some(letters), "{c}");
    }
    for c in ['™', '©', '®', '℃', '℉', '½'] {
        assert_eq!(tables::ligature(c), None, "{c}");
        assert_eq!(tables::t0(c), None, "{c}");
        assert_eq!(tables::kind(c), Kind::Separator, "{c}");
    }
    for (c, part) in [
        ('好', "女子"),
        ('信', "人言"),
        ('信', "亻言"),
        ('明', "日月"),
        ('加', "力口"),
        ('赌', "贝者"),
        ('钱', "钅戋"),
    ] {
        assert!(tables::splits(c).contains(&part), "{c} as {part}");
    }
    assert!(tables::splits('賭').is_empty(), "keys are canonical");
    assert_eq!(tables::digraphs(), [('d', "cl"), ('m', "rn"), ('w', "vv")]);
}

#[test]
fn digits_known_rows() {
    for (digits, expected) in [
        ("0123456789", "0123456789"),
        ("０１２３４５６７８９", "0123456789"),
        ("零一二三四五六七八九", "0123456789"),
        ("〇壹贰叁肆伍陆柒捌玖", "0123456789"),
        ("⓪①②③④⑤⑥⑦⑧⑨", "0123456789"),
        ("⓿❶➋⑶⒋𝟓⁶₇🄉㊈", "0123456789"),
        ("٠١۲३๔", "01234"),
        ("〡〢〣〤〥", "12345"),
        ("貳參陸幺弌", "23611"),
    ] {
        let found: String = digits
            .chars()
            .map(|c| tables::digit(c).map_or('?', |v| char::from(b'0' + v)))
            .collect();
        assert_eq!(found, expected, "{digits}");
    }
    for c in "两十百廿漆½⑩oIl".chars() {
        assert_eq!(tables::digit(c), None, "{c}");
    }
    for c in "oOоОοΟＯ○".chars() {
        assert_eq!(tables::digit_lookalike(c), Some(0), "{c}");
    }
    for c in "lI|丨｜".chars() {
        assert_eq!(tables::digit_lookalike(c), Some(1), "{c}");
    }
    // Keycap five is three code points.
    let keycap: Vec<Kind> =
        "5\u{fe0f}\u{20e3}".chars().map(tables::kind).collect();
    assert_eq!(keycap, [Kind::Letter, Kind::Ignorable, Kind::Mark]);
    assert!(tables::takes_marks('5'));
}

#[test]
fn kinds_known_rows() {
    let rows = [
        (Kind::Letter, "a9微ⓥ🆇🇻℡한あк①〇々"),
        (Kind::Separator, "\t\n\r .，·😀✈★丶丨丿亅乀乁⼂、\u{3000}🏽½"),
        (
            Kind::Ignorable,
            "\0\u{7f}\u{85}\u{ad}\u{200b}\u{200d}\u{202e}\u{2800}\u{3164}\
             \u{fe0f}\u{feff}\u{ffa0}\u{e0041}\u{e0101}\u{e0fff}\u{34f}",
        ),
        (Kind::Mark, "\u{301}\u{20e3}\u{94d}\u{93e}\u{3099}"),
        (Kind::Other, "\u{378}\u{e000}\u{10ffff}\u{600}"),
    ];
    for (kind, text) in rows {
        for c in text.chars() {
            assert_eq!(tables::kind(c), kind, "{c:?}");
        }
    }
}

#[test]
fn scripts_known_rows() {
    for c in "微註⼥〇々\u{20000}\u{3fffd}".chars() {
        assert!(tables::is_han(c), "{c}");
    }
    for c in "aーあ한①。".chars() {
        assert!(!tables::is_han(c), "{c}");
    }
    for c in "aZéⒺ🅥đß".chars() {
        assert!(tables::is_latin(c), "{c}");
    }
    for c in "5с微α.🈚".chars() {
        assert!(!tables::is_latin(c), "{c}");
    }
    for c in "aсα微5Ⓔ".chars() {
        assert!(tables::takes_marks(c), "{c}");
    }
    for c in "कกあ。".chars() {
        assert!(!tables::takes_marks(c), "{c}");
    }
}

#[test]
fn fold_names_are_unique() {
    let mut names: Vec<&str> =
        TableFold::ALL.iter().map(|fold| fold.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TableFold::ALL.len());
}
