//! In: the rows of `data/validate.toml`, and random text. Out: whether the
//! validators find exactly what the rows say, and keep their promises on
//! anything. Never measures time.

use proptest::prelude::*;
use serde::Deserialize;
use trommel::validate::Found;
use trommel::validate::Kind;
use trommel::validate::KindSet;
use trommel::validate::Scratch;
use trommel::validate::find;
use trommel::validate::find_without_prescan;
use trommel::validate::may_find;
use trommel::validate::prescan;

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    kind: String,
    text: String,
    expect: Vec<Expected>,
}

#[derive(Deserialize, Debug, PartialEq)]
struct Expected {
    quote: String,
    value: String,
}

fn found(text: &str, wanted: KindSet) -> Vec<Found> {
    let mut out = Vec::new();
    find(text, wanted, &mut Scratch::new(), &mut out);
    out
}

fn rows() -> Vec<Case> {
    let file: File = toml::from_str(include_str!("data/validate.toml"))
        .expect("the rows are TOML");
    file.case
}

#[test]
fn rows_find_exactly_what_they_say() {
    let mut wrong = Vec::new();
    for case in rows() {
        let contact = case.kind == "contact";
        let wanted = match Kind::from_name(&case.kind) {
            Some(kind) => KindSet::from(kind),
            None if contact => KindSet::CONTACT,
            None => panic!("{}: no kind {}", case.name, case.kind),
        };
        let got: Vec<Expected> = found(&case.text, wanted)
            .into_iter()
            .filter(|f| !contact || f.is_contact())
            .map(|f| Expected {
                quote: case.text[f.span.range()].to_owned(),
                value: f.value,
            })
            .collect();
        if got != case.expect {
            wrong.push(format!(
                "{}/{}: {:?}\n  expected {:?}\n  found    {:?}",
                case.kind, case.name, case.text, case.expect, got
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_validator_has_a_dozen_rows() {
    for kind in Kind::ALL {
        let rows = rows();
        let of_kind = rows.iter().filter(|c| c.kind == kind.as_str());
        assert!(of_kind.count() >= 12, "{}", kind.as_str());
    }
}

#[test]
fn folds_say_how_it_was_seen() {
    let names = |text: &str, kind: Kind| -> Vec<&str> {
        found(text, kind.into())[0].folds.names().collect()
    };
    assert_eq!(names("打13800138000", Kind::CnMobile), [""; 0]);
    assert_eq!(names("138 0013 8000", Kind::CnMobile), ["sep"]);
    assert_eq!(names("①③⑧⓪⓪①③⑧⓪⓪⓪", Kind::CnMobile), ["digit"]);
    assert_eq!(names("68yl点com", Kind::Domain), ["dot"]);
    assert_eq!(names("ab12.🅣🅞🅟", Kind::Domain), ["styled"]);
    assert_eq!(names("hxxp://example.com", Kind::Url), ["escape"]);
}

#[test]
fn checksums_are_reported() {
    let check = |text: &str, kind: Kind| found(text, kind.into())[0].checksum;
    assert_eq!(check("4111111111111111", Kind::BankCard), Some(true));
    assert_eq!(check("440300200001011233", Kind::CnId), Some(true));
    assert_eq!(check("打13800138000", Kind::CnMobile), None);
    let lower = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
    assert_eq!(check(lower, Kind::CryptoWallet), None);
}

/// Long repetitions of whatever starts a search end, and find nothing odd.
#[test]
fn repeated_openings_are_linear() {
    let openings = [
        "1 ",
        "138 0013 ",
        "a.",
        "a点",
        "@",
        "a@",
        "http://",
        "微信",
        "+v ",
        "q",
        "飞机@",
        "[em]e1",
        "&#",
        "(dot)",
        "x-",
        "一",
        "0x",
        "://",
        "line:",
        "\u{200b}",
        "1\u{fe0f}\u{20e3}",
        "a.b/",
        "加",
        "墨渊.",
    ];
    for opening in openings {
        let text = opening.repeat(100_000 / opening.len());
        for f in found(&text, KindSet::ALL) {
            assert!(text.get(f.span.range()).is_some(), "{opening:?}");
        }
    }
}

/// Pieces of everything the finders look for, so that random rows of them
/// come near real finds.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("微信"),
        Just("薇"),
        Just("vx"),
        Just("v"),
        Just("加"),
        Just("+v"),
        Just("➕"),
        Just("qq"),
        Just("q"),
        Just("扣扣"),
        Just("🐧"),
        Just("飞机"),
        Just("✈️"),
        Just("tg"),
        Just("t g"),
        Just("@"),
        Just("＠"),
        Just("#换成@"),
        Just(" at "),
        Just("(at)"),
        Just("line"),
        Just("LINE id"),
        Just("賴"),
        Just("whats app"),
        Just("whatsapp"),
        Just("wa.me/"),
        Just("t.me/"),
        Just("lin.ee/"),
        Just("we chat"),
        Just("wei xin"),
        Just("w x"),
        Just("电话"),
        Just(":"),
        Just("："),
        Just("号"),
        Just("id"),
        Just(" "),
        Just("-"),
        Just("_"),
        Just("."),
        Just("。"),
        Just("点"),
        Just("[.]"),
        Just("["),
        Just("]"),
        Just("("),
        Just("）"),
        Just(","),
        Just("，"),
        Just("［。］"),
        Just(" dot "),
        Just("(dot)"),
        Just("·"),
        Just("／"),
        Just("/"),
        Just("//"),
        Just("http://"),
        Just("hxxp"),
        Just("www."),
        Just("com"),
        Just("top"),
        Just("abc12"),
        Just("example"),
        Just("墨渊"),
        Just("ⓥ"),
        Just("𝓬𝓸𝓶"),
        Just("ｃｏｍ"),
        Just("о"),
        Just("13800138000"),
        Just("138"),
        Just("0013"),
        Just("8000"),
        Just("1"),
        Just("3"),
        Just("①"),
        Just("八"),
        Just("零"),
        Just("幺"),
        Just("5️⃣"),
        Just("O"),
        Just("l"),
        Just("+86"),
        Just("400-800-1234"),
        Just("4111111111111111"),
        Just("440300200001011233"),
        Just("11010519491231002X"),
        Just("\u{200b}"),
        Just("\u{0301}"),
        Just("\n"),
        Just("[em]e163[/em]"),
        Just("&#x31;"),
        Just("&#46;"),
        Just("d e m o l u c k y"),
        Just("a-b c-d"),
        Just("_ _ "),
        Just("x "),
        Just("8-8"),
        Just("*"),
        Just("好"),
        Just("的"),
        Just("！"),
        Just("🔥"),
        Just("the"),
        Just("1C5H2LxMReRe6Paray9mHaUjFJjPPynn2u"),
        Just("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|p| p.concat())
}

fn promises(text: &str) {
    let (mut scratch, mut out, mut all) =
        (Scratch::new(), Vec::new(), Vec::new());
    find(text, KindSet::ALL, &mut scratch, &mut out);
    for f in &out {
        assert!(text.get(f.span.range()).is_some_and(|q| !q.is_empty()));
        assert!(f.cue.is_none_or(|c| text.get(c.range()).is_some()));
        assert!(!f.value.is_empty());
    }
    assert!(out.windows(2).all(|w| w[0].span.start <= w[1].span.start));
    // What prescan rules out is not there.
    let possible = prescan(text).kinds();
    find_without_prescan(text, KindSet::ALL, &mut scratch, &mut all);
    for f in &all {
        assert!(possible.has(f.kind), "{text:?}: {f:?}");
        assert!(may_find(text, f.kind.into()), "{text:?}: {f:?}");
    }
    assert_eq!(out, all, "{text:?}");
    // A second search with used scratch finds the same.
    let mut again = Vec::new();
    find(text, KindSet::ALL, &mut scratch, &mut again);
    assert_eq!(out, again);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn promises_hold_on_pieces(text in pieces()) {
        promises(&text);
    }

    #[test]
    fn promises_hold_on_anything(text in "\\PC{0,60}") {
        promises(&text);
    }
}
