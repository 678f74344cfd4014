//! The public rules of packs: what is not allowed and why, without a single
//! term. In: an image; out: Markdown or HTML, in Chinese or English.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::image::{Image, RuleMeta};

/// Language of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Zh,
    En,
}

/// Form of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Markdown,
    Html,
}

/// Names of the categories, for people.
fn category(name: &str, language: Language) -> &str {
    let (zh, en) = match name {
        "spam" => ("垃圾信息", "Spam"),
        "fraud" => ("欺诈", "Fraud and scams"),
        "gambling" => ("网络赌博", "Gambling"),
        "sexual" => ("色情招揽", "Sexual services and pornography"),
        "pyramid" => ("传销", "Pyramid schemes"),
        "piracy" => ("盗版与假冒", "Piracy and counterfeits"),
        "threat" => ("暴力威胁", "Threats of violence"),
        "harassment" => ("骚扰", "Harassment"),
        "account_trade" => ("账号买卖", "Trade in accounts"),
        "contraband" => ("违禁品", "Contraband"),
        "personal_data" => ("个人信息", "Personal data of others"),
        _ => ("其他", "Other"),
    };
    match language {
        Language::Zh => zh,
        Language::En => en,
    }
}

/// The reasons of a category, each once, with the strongest consequence.
type Section<'a> = BTreeMap<&'a str, bool>;

fn sections(image: &Image, language: Language) -> BTreeMap<&str, Section<'_>> {
    let meta = image.meta();
    let mut book: BTreeMap<&str, Section<'_>> = BTreeMap::new();
    for rule in &meta.rules {
        let pack = &meta.packs[crate::base::int::to_usize(rule.pack)];
        let public = matches!(rule.status.as_str(), "stable" | "report");
        if !pack.active || !public {
            continue;
        }
        let section = book.entry(&rule.category).or_default();
        let removal = section.entry(reason(rule, language)).or_default();
        *removal |= rule.status == "stable" && rule.ceiling == "takedown";
    }
    book
}

fn reason(rule: &RuleMeta, language: Language) -> &str {
    match language {
        Language::Zh => &rule.reason_zh,
        Language::En => &rule.reason_en,
    }
}

/// Renders the book.
pub fn render(image: &Image, language: Language, form: Form) -> String {
    let (title, intro, removed, looked_at) = match language {
        Language::Zh => (
            "内容规则",
            "下列内容不被允许。规则由程序执行；对任何处理都可以免费申诉，\
             由人工作出决定。",
            "会被移除，或由人工审核",
            "由人工审核",
        ),
        Language::En => (
            "Content rules",
            "The following is not allowed. A program applies the rules; \
             every decision may be complained about free of charge, and a \
             person decides on the complaint.",
            "removed, or looked at by a person",
            "looked at by a person",
        ),
    };
    let book = sections(image, language);
    let mut out = String::new();
    // Writing to a String cannot fail.
    match form {
        Form::Markdown => {
            let _ = writeln!(out, "# {title}\n\n{intro}");
            for (name, section) in book {
                let _ = writeln!(out, "\n## {}\n", category(name, language));
                for (reason, removal) in section {
                    let then = if removal { removed } else { looked_at };
                    let _ = writeln!(out, "- {} — {then}", markdown(reason));
                }
            }
        }
        Form::Html => {
            let lang = match language {
                Language::Zh => "zh",
                Language::En => "en",
            };
            let _ = writeln!(
                out,
                "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta \
                 charset=\"utf-8\">\n<title>{title}</title>\n</head>\n\
                 <body>\n<h1>{title}</h1>\n<p>{intro}</p>"
            );
            for (name, section) in book {
                let name = category(name, language);
                let _ = writeln!(out, "<h2>{name}</h2>\n<ul>");
                for (reason, removal) in section {
                    let then = if removal { removed } else { looked_at };
                    let reason = crate::base::escape::html(reason);
                    let _ = writeln!(out, "<li>{reason} — {then}</li>");
                }
                out.push_str("</ul>\n");
            }
            out.push_str("</body>\n</html>\n");
        }
    }
    out
}

/// Reasons are plain sentences; what Markdown would take as markup is
/// escaped.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
