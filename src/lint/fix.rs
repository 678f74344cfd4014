//! Applying fixes. In: messages with edits and the texts of the files; out:
//! new texts. Writes no file.

use std::collections::BTreeMap;

use crate::pack::{Diagnostic, Edit, SourceFile};

/// The texts that change, by file, and how many fixes went in. A fix whose
/// edits touch those of an earlier one waits for the next round.
pub fn apply(
    found: &[Diagnostic],
    files: &[SourceFile],
) -> (BTreeMap<usize, String>, usize) {
    let mut taken: Vec<Edit> = Vec::new();
    let mut count = 0;
    for fix in found.iter().filter_map(|d| d.fix.as_ref()) {
        let clash = fix.edits.iter().any(|edit| {
            taken.iter().any(|other| {
                other.file == edit.file
                    && other.span.start
                        < edit.span.end.max(edit.span.start + 1)
                    && edit.span.start < other.span.end
            })
        });
        if fix.edits.is_empty() || clash {
            continue;
        }
        taken.extend(fix.edits.iter().cloned());
        count += 1;
    }
    taken.sort_by_key(|edit| (edit.file, edit.span.start));
    let mut texts: BTreeMap<usize, String> = BTreeMap::new();
    for edit in taken.iter().rev() {
        let text = texts
            .entry(edit.file)
            .or_insert_with(|| files[edit.file].text.clone());
        text.replace_range(edit.span.clone(), &edit.with);
    }
    (texts, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_that_touch_wait() {
        let file = SourceFile {
            path: "t".to_owned(),
            name: "t".to_owned(),
            text: "one two three".to_owned(),
        };
        let code = &crate::pack::diagnostic::CODES[0];
        let message = |span: std::ops::Range<usize>, with: &str| {
            let edit =
                Edit { file: 0, span: span.clone(), with: with.to_owned() };
            Diagnostic::new(code, "x", 0, span, "").fix("x", vec![edit])
        };
        let all =
            [message(0..4, ""), message(2..6, "no"), message(8..13, "3")];
        let (texts, count) = apply(&all, &[file]);
        assert_eq!((texts[&0].as_str(), count), ("two 3", 2));
    }
}
