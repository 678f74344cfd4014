//! Marked texts: the evidence of a verdict written into the text. In: a text
//! with marks, or a text and places; out: the other one. `explain --markup`
//! writes them, tests read them.
//!
//! ```text
//! ⟦lure:真.人.百.家.樂⟧ 秒到账 加薇❤⟦contact:demo_lucky88⟧
//! ```
//!
//! Marks may stand inside each other. A text that contains the brackets
//! itself, or places that cross, cannot be written this way.

use std::ops::Range;

/// A place with the set that found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub range: Range<usize>,
    pub set: String,
}

const OPEN: char = '⟦';
const CLOSE: char = '⟧';

/// Takes the marks out of a text. `Err` says what is wrong with them.
pub fn parse(marked: &str) -> Result<(String, Vec<Mark>), String> {
    let mut text = String::with_capacity(marked.len());
    let mut open: Vec<(usize, String)> = Vec::new();
    let mut marks = Vec::new();
    let mut rest = marked;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            OPEN => {
                let Some((set, tail)) = rest.split_once(':') else {
                    return Err(format!("`{OPEN}` without `set:`"));
                };
                let named = !set.is_empty()
                    && set.chars().all(|c| {
                        c.is_alphanumeric() || matches!(c, '_' | '-')
                    });
                if !named {
                    return Err(format!("`{set}` is no name of a set"));
                }
                open.push((text.len(), set.to_owned()));
                rest = tail;
            }
            CLOSE => {
                let Some((start, set)) = open.pop() else {
                    return Err(format!("`{CLOSE}` closes nothing"));
                };
                marks.push(Mark { range: start..text.len(), set });
            }
            c => text.push(c),
        }
    }
    if let Some((_, set)) = open.pop() {
        return Err(format!("`{OPEN}{set}:` is not closed"));
    }
    marks.sort_by(order);
    Ok((text, marks))
}

/// By begin, the longer first: the order in which marks open.
fn order(a: &Mark, b: &Mark) -> std::cmp::Ordering {
    (a.range.start, std::cmp::Reverse(a.range.end), &a.set).cmp(&(
        b.range.start,
        std::cmp::Reverse(b.range.end),
        &b.set,
    ))
}

/// Writes marks into a text; `None` when they cross or the text has the
/// brackets itself.
pub fn write(text: &str, marks: &[Mark]) -> Option<String> {
    if text.contains([OPEN, CLOSE]) {
        return None;
    }
    let mut marks: Vec<&Mark> = marks.iter().collect();
    marks.sort_by(|a, b| order(a, b));
    marks.dedup();
    let mut out = String::with_capacity(text.len() + 16 * marks.len());
    let mut ends: Vec<usize> = Vec::new();
    let mut at = 0;
    for mark in marks {
        while let Some(end) = ends.last().copied() {
            if end > mark.range.start {
                break;
            }
            out.push_str(&text[at..end]);
            out.push(CLOSE);
            at = end;
            ends.pop();
        }
        if ends.last().is_some_and(|end| *end < mark.range.end) {
            return None;
        }
        out.push_str(&text[at..mark.range.start]);
        at = mark.range.start;
        out.push(OPEN);
        out.push_str(&mark.set);
        out.push(':');
        ends.push(mark.range.end);
    }
    while let Some(end) = ends.pop() {
        out.push_str(&text[at..end]);
        out.push(CLOSE);
        at = end;
    }
    out.push_str(&text[at..]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(range: Range<usize>, set: &str) -> Mark {
        Mark { range, set: set.to_owned() }
    }

    #[test]
    fn marks_come_back() {
        let rows: [(&str, Vec<Mark>); 4] = [
            ("加薇 abc", vec![mark(0..6, "cue"), mark(7..10, "id")]),
            ("aaa", vec![mark(0..3, "a"), mark(0..1, "b"), mark(1..3, "c")]),
            ("ab", vec![mark(0..1, "a"), mark(1..2, "b")]),
            ("plain", vec![]),
        ];
        for (text, marks) in rows {
            let marked = write(text, &marks).unwrap();
            let (back, found) = parse(&marked).unwrap();
            assert_eq!((back.as_str(), found), (text, marks), "{marked}");
        }
    }

    #[test]
    fn what_cannot_be_marked_is_refused() {
        assert_eq!(write("a⟦b", &[]), None);
        assert_eq!(write("abc", &[mark(0..2, "a"), mark(1..3, "b")]), None);
        for wrong in ["a⟧", "⟦a:b", "⟦a b:c⟧", "⟦nothing", "⟦:x⟧"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
