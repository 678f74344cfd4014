//! One form for packs. In: the text of a rule file or a term file; out: the
//! same content, laid out alike everywhere. Comments stay where they are,
//! and a text that would mean something else afterwards is refused.

use anyhow::{Context, ensure};
use toml_edit::{
    Array, Decor, DocumentMut, InlineTable, Item, RawString, Table, Value,
};

use crate::base::int;
use crate::pack::{SourceFile, weights as weight};

/// Keys of a rule in the order in which they are read.
const RULE_KEYS: [&str; 14] = [
    "id",
    "title",
    "category",
    "confidence",
    "ceiling",
    "status",
    "langs",
    "surfaces",
    "owner",
    "created",
    "updated",
    "review_by",
    "reason",
    "references",
];

/// The laid-out text of one file of a pack.
pub fn format(file: &SourceFile) -> anyhow::Result<String> {
    if file.name.ends_with(".toml") {
        toml(&file.text).with_context(|| file.path.clone())
    } else if file.name.ends_with(".tsv") {
        Ok(weights(&file.text))
    } else {
        Ok(terms(&file.text))
    }
}

/// Term files: no blanks at the ends of lines or around `|` and marks, at
/// most one empty line in a row, one newline at the end.
pub fn terms(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = true;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim();
        if line.is_empty() {
            if !blank {
                out.push('\n');
            }
            blank = true;
            continue;
        }
        blank = false;
        if line.starts_with('#') {
            out.push_str(line);
        } else {
            out.push_str(&term_line(line));
        }
        out.push('\n');
    }
    let end = out.trim_end_matches('\n').len();
    out.truncate(end);
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// Weights files: no blanks around cells, no empty lines, weights with four
/// decimals, one newline at the end. The order of the lines stays.
pub fn weights(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim_end();
        if line.trim_start().is_empty() {
            continue;
        }
        if line.starts_with('#') {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let mut cells: Vec<String> =
            line.split('\t').map(|cell| cell.trim().to_owned()).collect();
        let number = if cells[0] == "bias" { 1 } else { 2 };
        if let Some(cell) = cells.get_mut(number)
            && let Ok(value) = cell.parse::<f64>()
            && value.is_finite()
        {
            *cell = weight::decimal(int::rounded(value * 10_000.0));
        }
        out.push_str(&cells.join("\t"));
        out.push('\n');
    }
    out
}

fn term_line(line: &str) -> String {
    let (mark, rest) = match line.chars().next() {
        Some('!') => ("!", &line[1..]),
        Some('=') => ("=", &line[1..]),
        _ => ("", line),
    };
    let parts: Vec<String> = rest
        .split('|')
        .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    format!("{mark}{}", parts.join("|"))
}

/// Rule files.
pub fn toml(text: &str) -> anyhow::Result<String> {
    let clean = text.replace("\r\n", "\n");
    let clean = clean.trim_start_matches('\u{feff}');
    let mut document: DocumentMut =
        clean.parse().context("not valid TOML: run `trommel check`")?;
    table(document.as_table_mut(), &[], true);
    let trailing = lines(text_of(document.trailing()), Lead::Keep);
    document.set_trailing(trailing);
    let mut out = document.to_string();
    let start = out.len() - out.trim_start_matches('\n').len();
    out.drain(..start);
    let end = out.trim_end().len();
    out.truncate(end);
    out.push('\n');
    let before: toml::Table = toml::from_str(clean)?;
    let after: toml::Table =
        toml::from_str(&out).context("formatting broke the file")?;
    ensure!(before == after, "formatting would change what the file says");
    Ok(out)
}

fn text_of(raw: &RawString) -> &str {
    raw.as_str().unwrap_or("")
}

/// What comes before a key or header.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// At most the empty line that is there.
    Keep,
    /// Exactly one empty line.
    Blank,
}

/// Comment lines without blanks at their ends, empty lines run together.
fn lines(raw: &str, lead: Lead) -> String {
    let mut out = String::new();
    let mut blank = false;
    let body = raw.strip_suffix('\n').unwrap_or(raw);
    let mut any = false;
    if !raw.is_empty() {
        for line in body.split('\n') {
            let line = line.trim();
            if line.is_empty() {
                blank = true;
                continue;
            }
            if blank && (any || lead == Lead::Keep) {
                out.push('\n');
            }
            blank = false;
            any = true;
            out.push_str(line);
            out.push('\n');
        }
        if blank && (any || lead == Lead::Keep) {
            out.push('\n');
        }
    }
    if lead == Lead::Blank {
        out.insert(0, '\n');
    }
    out
}

/// A comment behind a value, two blanks away; or nothing.
fn behind(raw: &str) -> String {
    let comment = raw.trim();
    if comment.is_empty() { String::new() } else { format!("  {comment}") }
}

/// Lays out a table and everything in it. `path` names it.
fn table(table: &mut Table, path: &[&str], first: bool) {
    // Tests are left as their authors told them.
    if path == ["rule"] {
        let place = |key: &str| {
            let known = RULE_KEYS.iter().position(|name| *name == key);
            known.unwrap_or(RULE_KEYS.len())
        };
        table.sort_values_by(|a, _, b, _| place(a.get()).cmp(&place(b.get())));
    }
    let keys: Vec<String> =
        table.iter().map(|(key, _)| key.to_owned()).collect();
    for (number, name) in keys.iter().enumerate() {
        // The decor of a header belongs to its table.
        let is_value = table.get(name).is_some_and(Item::is_value);
        if let (true, Some(mut key)) = (is_value, table.key_mut(name)) {
            let decor = key.leaf_decor_mut();
            let prefix = decor.prefix().map_or("", text_of).to_owned();
            let mut prefix = lines(&prefix, Lead::Keep);
            if number == 0 && !first {
                prefix = prefix.trim_start_matches('\n').to_owned();
            }
            *decor = Decor::new(prefix, " ");
        }
        let Some(item) = table.get_mut(name) else { continue };
        let inner: Vec<&str> =
            path.iter().copied().chain([name.as_str()]).collect();
        match item {
            Item::Value(value) => line_value(value),
            Item::Table(inner_table) => sub_table(inner_table, &inner),
            Item::ArrayOfTables(all) => {
                for one in all.iter_mut() {
                    sub_table(one, &inner);
                }
            }
            Item::None => {}
        }
    }
}

fn sub_table(inner: &mut Table, path: &[&str]) {
    if !inner.is_implicit() {
        let top = path.len() == 1 || path.first() == Some(&"set");
        let lead = if top { Lead::Blank } else { Lead::Keep };
        let decor = inner.decor_mut();
        let prefix = lines(decor.prefix().map_or("", text_of), lead);
        let suffix = behind(decor.suffix().map_or("", text_of));
        *decor = Decor::new(prefix, suffix);
    }
    table(inner, path, false);
}

/// A value behind `key =`.
fn line_value(value: &mut Value) {
    let suffix = behind(value.decor().suffix().map_or("", text_of));
    inside(value);
    *value.decor_mut() = Decor::new(" ", suffix);
}

/// What is inside a value.
fn inside(value: &mut Value) {
    match value {
        Value::Array(all) => array(all),
        Value::InlineTable(all) => inline(all),
        _ => {}
    }
}

fn has_lines(raw: Option<&RawString>) -> bool {
    raw.is_some_and(|raw| text_of(raw).contains(['\n', '#']))
}

fn inline(all: &mut InlineTable) {
    let split = all.iter().any(|(_, value)| {
        has_lines(value.decor().prefix()) || has_lines(value.decor().suffix())
    }) || has_lines(Some(all.trailing()));
    if split {
        return;
    }
    all.fmt();
    for (_, value) in all.iter_mut() {
        inside(value);
    }
}

fn array(all: &mut Array) {
    let split = has_lines(Some(all.trailing()))
        || all.iter().any(|value| {
            has_lines(value.decor().prefix())
                || has_lines(value.decor().suffix())
        });
    if !split {
        all.fmt();
        all.iter_mut().for_each(inside);
        return;
    }
    for value in all.iter_mut() {
        let prefix = item_lead(value.decor().prefix().map_or("", text_of));
        let suffix = behind(value.decor().suffix().map_or("", text_of));
        inside(value);
        *value.decor_mut() = Decor::new(format!("{prefix}\n    "), suffix);
    }
    let end = item_lead(text_of(all.trailing()));
    all.set_trailing(format!("{end}\n"));
    all.set_trailing_comma(true);
}

/// What stands before an item of an array on lines of its own: the comment
/// behind the item before it, then comment lines.
fn item_lead(raw: &str) -> String {
    let mut parts = raw.split('\n');
    let mut out = behind(parts.next().unwrap_or(""));
    for line in parts.map(str::trim).filter(|line| !line.is_empty()) {
        out.push_str("\n    ");
        out.push_str(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_files_keep_their_comments() {
        let text = "# head  \n\n\n\n[[rule]] # one\ntitle=\"T\"   # why\n\
                    id =   'a.b'\n# about sets\n[rule.sets]\n\
                    a={list=[\"x\",\"y\"],folds=\"exact\"}\n\n\n\
                    b = { list = [\n  \"p\", # first\n   # second\n \"q\"] }\n\
                    [[case]]\ntext = \"t\"\nexpect = \"pass\"\n# end";
        let wanted = "# head\n\n[[rule]]  # one\nid = 'a.b'\ntitle = \"T\"  # \
                      why\n# about sets\n[rule.sets]\na = { list = [\"x\", \
                      \"y\"], folds = \"exact\" }\n\nb = { list = [\n    \
                      \"p\",  # first\n    # second\n    \"q\",\n] }\n\n\
                      [[case]]\ntext = \"t\"\nexpect = \"pass\"\n# end\n";
        let once = toml(text).unwrap();
        assert_eq!(once, wanted);
        assert_eq!(toml(&once).unwrap(), once);
    }

    #[test]
    fn term_files_are_trimmed() {
        let text = "\u{feff}\n# a \n\n\n! b  c | d\r\n=e \n\n";
        let once = terms(text);
        assert_eq!(once, "# a\n\n!b c|d\n=e\n");
        assert_eq!(terms(&once), once);
        assert_eq!(terms("\n\n"), "");
    }

    #[test]
    fn broken_files_are_refused() {
        assert!(toml("a = ").is_err());
    }
}
