//! Test results as JUnit XML, which CI systems read. In: tests that ran and
//! their files; out: one XML document. Runs nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::rule_test::{Ending, Ran};
use crate::pack::SourceFile;
use crate::pack::diagnostic::line_column;

/// The document: a suite a pack, a case a test.
pub fn junit(ran: &[Ran], files: &[SourceFile]) -> String {
    let mut packs: BTreeMap<&str, Vec<&Ran>> = BTreeMap::new();
    for test in ran {
        packs.entry(&test.pack).or_default().push(test);
    }
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (failed, todo) = counts(ran.iter());
    let _ = writeln!(
        out,
        "<testsuites name=\"trommel\" tests=\"{}\" failures=\"{failed}\" \
         skipped=\"{todo}\">",
        ran.len()
    );
    for (pack, tests) in &packs {
        let (failed, todo) = counts(tests.iter().copied());
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\" \
             skipped=\"{todo}\">",
            escaped(pack),
            tests.len()
        );
        for test in tests {
            case(test, files, &mut out);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts<'r>(ran: impl Iterator<Item = &'r Ran>) -> (usize, usize) {
    let (mut failed, mut todo) = (0, 0);
    for test in ran {
        match test.ending {
            Ending::Failed(_) => failed += 1,
            Ending::Todo => todo += 1,
            Ending::Passed => {}
        }
    }
    (failed, todo)
}

fn case(test: &Ran, files: &[SourceFile], out: &mut String) {
    let file = &files[test.file];
    let (line, _) = line_column(&file.text, test.span.start);
    let name = match test.name.is_empty() {
        true => test.text.chars().take(60).collect(),
        false => test.name.clone(),
    };
    let _ = write!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" \
         line=\"{line}\"",
        escaped(&test.rule),
        escaped(&name),
        escaped(&file.path)
    );
    match &test.ending {
        Ending::Passed => out.push_str("/>\n"),
        Ending::Todo => out.push_str(
            "><skipped message=\"known miss (todo)\"/></testcase>\n",
        ),
        Ending::Failed(why) => {
            let _ = writeln!(
                out,
                "><failure message=\"{}\">{}</failure></testcase>",
                escaped(why),
                escaped(&test.text)
            );
        }
    }
}

/// Text for XML 1.0: characters that it cannot hold are shown as escapes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            '\u{0}'..='\u{1f}' | '\u{FFFE}' | '\u{FFFF}' => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_holds_any_text() {
        assert_eq!(
            escaped("a<b>&\"\u{1}\n"),
            "a&lt;b&gt;&amp;&quot;\\u{1}&#10;"
        );
    }
}
