//! Messages in SARIF 2.1.0, which code hosts show beside the changed lines.
//! In: a report; out: one JSON document.

use serde_json::{Value, json};

use super::{Report, codes, name};
use crate::pack::diagnostic::{Label, Severity, line_column};
use crate::pack::{Compilation, Diagnostic};

/// The document.
pub fn sarif(report: &Report, compilation: &Compilation) -> Value {
    let rules: Vec<Value> = codes()
        .map(|code| {
            json!({
                "id": code.id,
                "name": name(code.id).unwrap_or(code.id),
                "shortDescription": {"text": code.title},
                "fullDescription": {"text": code.explain},
                "defaultConfiguration": {"level": level(code.severity)},
            })
        })
        .collect();
    let results: Vec<Value> = report
        .diagnostics
        .iter()
        .map(|found| result(found, compilation))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "trommel",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn result(found: &Diagnostic, compilation: &Compilation) -> Value {
    let place = |label: &Label| location(label, compilation);
    let mut text = found.title.clone();
    if !found.labels[0].text.is_empty() {
        text = format!("{text}: {}", found.labels[0].text);
    }
    if let Some(help) = &found.help {
        text = format!("{text} ({help})");
    }
    let mut value = json!({
        "ruleId": found.code.id,
        "level": level(found.code.severity),
        "message": {"text": text},
        "locations": [place(&found.labels[0])],
    });
    let others: Vec<Value> = found.labels[1..].iter().map(place).collect();
    if !others.is_empty() {
        value["relatedLocations"] = others.into();
    }
    if let Some(fix) = &found.fix {
        let changes: Vec<Value> = fix
            .edits
            .iter()
            .map(|edit| {
                let label = Label {
                    file: edit.file,
                    span: edit.span.clone(),
                    text: String::new(),
                };
                let place = location(&label, compilation);
                json!({
                    "artifactLocation":
                        place["physicalLocation"]["artifactLocation"],
                    "replacements": [{
                        "deletedRegion": place["physicalLocation"]["region"],
                        "insertedContent": {"text": edit.with},
                    }],
                })
            })
            .collect();
        value["fixes"] = json!([{
            "description": {"text": fix.title},
            "artifactChanges": changes,
        }]);
    }
    value
}

fn location(label: &Label, compilation: &Compilation) -> Value {
    let file = &compilation.files[label.file];
    let (line, column) = line_column(&file.text, label.span.start);
    let (end_line, end_column) = line_column(&file.text, label.span.end);
    let mut value = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": file.path},
            "region": {
                "startLine": line,
                "startColumn": column,
                "endLine": end_line,
                "endColumn": end_column,
            },
        },
    });
    if !label.text.is_empty() {
        value["message"] = json!({"text": label.text});
    }
    value
}
