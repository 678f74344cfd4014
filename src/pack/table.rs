//! Reading typed values out of TOML tables. In: a parsed table with spans;
//! out: values, and a diagnostic for each key that is missing, of the wrong
//! type or unknown. Never stops at the first.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostic, MISSING_KEY, UNKNOWN_KEY, WRONG_TYPE};
use crate::base::near;

/// A value with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sp<T> {
    pub value: T,
    pub span: Range<usize>,
}

impl<T> Sp<T> {
    pub fn new(value: T, span: Range<usize>) -> Sp<T> {
        Sp { value, span }
    }
}

/// Reads one table and remembers which keys were asked for.
pub struct Reader<'t, 'd> {
    table: &'t DeTable<'t>,
    span: Range<usize>,
    file: usize,
    what: &'static str,
    asked: BTreeSet<&'static str>,
    out: &'d mut Vec<Diagnostic>,
}

impl<'t, 'd> Reader<'t, 'd> {
    pub fn new(
        table: &'t DeTable<'t>,
        span: Range<usize>,
        file: usize,
        what: &'static str,
        out: &'d mut Vec<Diagnostic>,
    ) -> Reader<'t, 'd> {
        Reader { table, span, file, what, asked: BTreeSet::new(), out }
    }

    /// The raw value of a key.
    pub fn get(
        &mut self,
        key: &'static str,
    ) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.insert(key);
        self.table.get(key)
    }

    /// Reports a key that must be there. One that is there and could not be
    /// read has been reported as what it is.
    pub fn missing(&mut self, key: &str, help: &str) {
        if self.table.contains_key(key) {
            return;
        }
        let title = format!("{} has no `{key}`", self.what);
        self.out.push(
            Diagnostic::new(
                &MISSING_KEY,
                title,
                self.file,
                self.span.clone(),
                "",
            )
            .help(help),
        );
    }

    fn wrong(&mut self, key: &str, value: &Spanned<DeValue<'_>>, want: &str) {
        let found = value.get_ref().type_str();
        self.out.push(Diagnostic::new(
            &WRONG_TYPE,
            format!("`{key}` is not {want}"),
            self.file,
            value.span(),
            format!("expected {want}, found {found}"),
        ));
    }

    pub fn string(&mut self, key: &'static str) -> Option<Sp<String>> {
        let value = self.get(key)?;
        match value.get_ref().as_str() {
            Some(text) => Some(Sp::new(text.to_owned(), value.span())),
            None => {
                self.wrong(key, value, "a string");
                None
            }
        }
    }

    /// A string that must be there.
    pub fn need_string(
        &mut self,
        key: &'static str,
        help: &str,
    ) -> Sp<String> {
        if self.get(key).is_none() {
            self.missing(key, help);
        }
        let at = self.span.clone();
        self.string(key).unwrap_or_else(|| Sp::new(String::new(), at))
    }

    pub fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let value = self.get(key)?;
        let found = value.get_ref().as_bool();
        if found.is_none() {
            self.wrong(key, value, "true or false");
        }
        found
    }

    pub fn number(&mut self, key: &'static str) -> Option<Sp<f64>> {
        let value = self.get(key)?;
        match number(value.get_ref()) {
            Some(number) => Some(Sp::new(number, value.span())),
            None => {
                self.wrong(key, value, "a number");
                None
            }
        }
    }

    /// A date, as a TOML date or a string.
    pub fn date(&mut self, key: &'static str) -> Option<Sp<String>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::Datetime(date) => {
                Some(Sp::new(date.to_string(), value.span()))
            }
            DeValue::String(text) => {
                Some(Sp::new(text.to_string(), value.span()))
            }
            _ => {
                self.wrong(key, value, "a date");
                None
            }
        }
    }

    /// An array of strings; a lone string counts as one.
    pub fn strings(&mut self, key: &'static str) -> Vec<Sp<String>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        if let Some(text) = value.get_ref().as_str() {
            return vec![Sp::new(text.to_owned(), value.span())];
        }
        let Some(items) = value.get_ref().as_array() else {
            self.wrong(key, value, "an array of strings");
            return Vec::new();
        };
        let mut out = Vec::with_capacity(items.len());
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(text) => {
                    out.push(Sp::new(text.to_owned(), item.span()));
                }
                None => self.wrong(key, item, "a string"),
            }
        }
        out
    }

    /// An array of pairs of whole numbers, `[[0, 3], [7, 9]]`.
    pub fn pairs(&mut self, key: &'static str) -> Vec<(u32, u32)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let items = value.get_ref().as_array();
        let pairs: Option<Vec<(u32, u32)>> =
            items.and_then(|items| items.iter().map(pair).collect());
        pairs.unwrap_or_else(|| {
            self.wrong(key, value, "an array of [start, end]");
            Vec::new()
        })
    }

    pub fn table(
        &mut self,
        key: &'static str,
    ) -> Option<(&'t DeTable<'t>, Range<usize>)> {
        let value = self.get(key)?;
        match value.get_ref().as_table() {
            Some(table) => Some((table, value.span())),
            None => {
                self.wrong(key, value, "a table");
                None
            }
        }
    }

    /// An array of tables.
    pub fn tables(
        &mut self,
        key: &'static str,
    ) -> Vec<(&'t DeTable<'t>, Range<usize>)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.wrong(key, value, "an array of tables");
            return Vec::new();
        };
        let mut out = Vec::with_capacity(items.len());
        for item in items.iter() {
            match item.get_ref().as_table() {
                Some(table) => out.push((table, item.span())),
                None => self.wrong(key, item, "a table"),
            }
        }
        out
    }

    /// Reports every key that nobody asked for.
    pub fn finish(self) {
        for (key, _) in self.table.iter() {
            let name = key.get_ref().as_ref();
            if self.asked.contains(name) {
                continue;
            }
            let near = near::nearest(name, self.asked.iter().copied());
            let mut diagnostic = Diagnostic::new(
                &UNKNOWN_KEY,
                format!("{} has no key `{name}`", self.what),
                self.file,
                key.span(),
                "unknown key",
            );
            diagnostic = match near {
                Some(near) => {
                    diagnostic.help(format!("did you mean `{near}`?"))
                }
                None => {
                    let all: Vec<&str> = self.asked.iter().copied().collect();
                    diagnostic.help(format!("keys are {}", all.join(", ")))
                }
            };
            self.out.push(diagnostic);
        }
    }
}

fn pair(value: &Spanned<DeValue<'_>>) -> Option<(u32, u32)> {
    let items = value.get_ref().as_array()?;
    let all: Option<Vec<u32>> = items
        .iter()
        .map(|item| number(item.get_ref())?.to_string().parse().ok())
        .collect();
    match all?[..] {
        [start, end] if start <= end => Some((start, end)),
        _ => None,
    }
}

/// A TOML number as f64.
pub fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(int) => {
            let digits = int.as_str();
            i64::from_str_radix(digits, int.radix())
                .ok()
                .and_then(|value| value.to_string().parse().ok())
        }
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => None,
    }
}
