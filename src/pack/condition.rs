//! The condition language. In: the text of `when` or `unless`; out: a tree
//! with places, or diagnostics that point into the rule file. Names are not
//! looked up here.
//!
//! ```text
//! or    := and ("or" and)*
//! and   := not ("and" not)*
//! not   := "not" not | "(" or ")" | call | field | SET
//! call  := any(S, …) | all(S, …) | count(S) op N | distinct(S) op N
//!        | near(A, B, N) | before(A, B, N) | quoted(S) | starts(S)
//!        | score(MODEL) op NUMBER
//! field := PATH op literal | PATH in [literal, …]
//! op    := == != < <= > >=
//! ```

use std::ops::Range;

use super::diagnostic::{CONDITION, Diagnostic};
use super::load::SourceFile;
use super::table::Sp;
use crate::image::{Literal, Op};

/// Deepest nesting that is accepted.
const DEPTH_MAX: usize = 48;

/// A parsed condition. Names are as written, with their places.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    Set(Sp<String>),
    Any(Vec<Sp<String>>),
    All(Vec<Sp<String>>),
    Count(Sp<String>, Op, u32),
    Distinct(Sp<String>, Op, u32),
    Near(Sp<String>, Sp<String>, u32),
    Before(Sp<String>, Sp<String>, u32),
    Quoted(Sp<String>),
    Starts(Sp<String>),
    Score(Sp<String>, Op, f64),
    Field(Sp<String>, Op, Literal),
    In(Sp<String>, Vec<Literal>),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Number(f64),
    Text(String),
    Op(Op),
    Open,
    Close,
    ListOpen,
    ListClose,
    Comma,
    End,
}

impl Token {
    fn show(&self) -> String {
        match self {
            Token::Name(name) => format!("`{name}`"),
            Token::Number(number) => format!("`{number}`"),
            Token::Text(text) => format!("{text:?}"),
            Token::Op(op) => format!("`{}`", op.as_str()),
            Token::Open => "`(`".to_owned(),
            Token::Close => "`)`".to_owned(),
            Token::ListOpen => "`[`".to_owned(),
            Token::ListClose => "`]`".to_owned(),
            Token::Comma => "`,`".to_owned(),
            Token::End => "the end".to_owned(),
        }
    }
}

/// Parses a condition. Diagnostics go to `out`; `None` when there were any.
pub fn parse(
    text: &Sp<String>,
    source: &SourceFile,
    file: usize,
    out: &mut Vec<Diagnostic>,
) -> Option<Expr> {
    let offset = body_offset(text, source);
    let mut parser = Parser { tokens: Vec::new(), at: 0, offset, text, file };
    let result = parser.tokenize().and_then(|()| parser.whole());
    match result {
        Ok(expr) => Some(expr),
        Err(diagnostic) => {
            out.push(*diagnostic);
            None
        }
    }
}

/// Where the text of a TOML string begins in the file, when it stands there
/// as it is (no escapes); otherwise places are those of the whole string.
fn body_offset(text: &Sp<String>, source: &SourceFile) -> Option<usize> {
    let raw = source.text.get(text.span.clone())?;
    for quote in ["\"\"\"", "'''", "\"", "'"] {
        if let Some(rest) = raw.strip_prefix(quote) {
            let newline = quote.len() == 3 && rest.starts_with('\n');
            let body = &rest[usize::from(newline)..];
            let same = body.get(..text.value.len()) == Some(&text.value);
            let start = quote.len() + usize::from(newline);
            return same.then_some(text.span.start + start);
        }
    }
    None
}

struct Parser<'t> {
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    offset: Option<usize>,
    text: &'t Sp<String>,
    file: usize,
}

type Parsed<T> = Result<T, Box<Diagnostic>>;

impl Parser<'_> {
    fn place(&self, span: &Range<usize>) -> Range<usize> {
        match self.offset {
            Some(offset) => span.start + offset..span.end + offset,
            None => self.text.span.clone(),
        }
    }

    fn fail<T>(
        &self,
        span: &Range<usize>,
        label: String,
        help: &str,
    ) -> Parsed<T> {
        let diagnostic = Diagnostic::new(
            &CONDITION,
            "condition not understood",
            self.file,
            self.place(span),
            label,
        );
        Err(Box::new(if help.is_empty() {
            diagnostic
        } else {
            diagnostic.help(help)
        }))
    }

    fn tokenize(&mut self) -> Parsed<()> {
        let text = &self.text.value;
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let rest = &text[at..];
            // `at` is always on a character boundary.
            let Some(c) = rest.chars().next() else { break };
            if c.is_whitespace() {
                at += c.len_utf8();
                continue;
            }
            let two = rest.get(..2).unwrap_or("");
            let (token, len) = match (two, c) {
                ("==", _) => (Token::Op(Op::Eq), 2),
                ("!=", _) => (Token::Op(Op::Ne), 2),
                ("<=", _) => (Token::Op(Op::Le), 2),
                (">=", _) => (Token::Op(Op::Ge), 2),
                (_, '<') => (Token::Op(Op::Lt), 1),
                (_, '>') => (Token::Op(Op::Gt), 1),
                (_, '(') => (Token::Open, 1),
                (_, ')') => (Token::Close, 1),
                (_, '[') => (Token::ListOpen, 1),
                (_, ']') => (Token::ListClose, 1),
                (_, ',') => (Token::Comma, 1),
                (_, '"' | '\'') => self.quoted(rest, at, c)?,
                (_, '0'..='9' | '-') if is_number(rest) => {
                    let len = 1 + rest[1..]
                        .find(|c: char| !c.is_ascii_digit() && c != '.')
                        .unwrap_or(rest.len() - 1);
                    match rest[..len].parse() {
                        Ok(number) => (Token::Number(number), len),
                        Err(_) => {
                            let label = "not a number".to_owned();
                            return self.fail(&(at..at + len), label, "");
                        }
                    }
                }
                _ if is_name(c) => {
                    let len = rest
                        .find(|c: char| !is_name(c) && c != '.')
                        .unwrap_or(rest.len());
                    (Token::Name(rest[..len].to_owned()), len)
                }
                _ => {
                    let span = at..at + c.len_utf8();
                    let label = format!("unexpected {c:?}");
                    let help = match c {
                        '=' => "comparison is written `==`",
                        '&' => "conjunction is written `and`",
                        '|' => "disjunction is written `or`",
                        '!' => "negation is written `not`",
                        _ => "",
                    };
                    return self.fail(&span, label, help);
                }
            };
            self.tokens.push((token, at..at + len));
            at += len;
        }
        self.tokens.push((Token::End, text.len()..text.len()));
        Ok(())
    }

    fn quoted(
        &self,
        rest: &str,
        at: usize,
        quote: char,
    ) -> Parsed<(Token, usize)> {
        match rest[1..].find(quote) {
            Some(end) => Ok((Token::Text(rest[1..=end].to_owned()), end + 2)),
            None => {
                let label = "string is not closed".to_owned();
                self.fail(&(at..at + rest.len()), label, "")
            }
        }
    }

    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn span(&self) -> Range<usize> {
        self.tokens[self.at].1.clone()
    }

    fn next(&mut self) -> (Token, Range<usize>) {
        let token = self.tokens[self.at].clone();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        token
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Name(name) if name == word)
    }

    fn whole(&mut self) -> Parsed<Expr> {
        let expr = self.or(0)?;
        if *self.peek() != Token::End {
            let label = format!(
                "expected `and` or `or`, found {}",
                self.peek().show()
            );
            return self.fail(&self.span(), label, "");
        }
        Ok(expr)
    }

    fn or(&mut self, depth: usize) -> Parsed<Expr> {
        let mut parts = vec![self.and(depth)?];
        while self.is_word("or") {
            self.next();
            parts.push(self.and(depth)?);
        }
        Ok(single(parts, Expr::Or))
    }

    fn and(&mut self, depth: usize) -> Parsed<Expr> {
        let mut parts = vec![self.not(depth)?];
        while self.is_word("and") {
            self.next();
            parts.push(self.not(depth)?);
        }
        Ok(single(parts, Expr::And))
    }

    fn not(&mut self, depth: usize) -> Parsed<Expr> {
        if depth > DEPTH_MAX {
            let label = "nested too deeply".to_owned();
            return self.fail(&self.span(), label, "");
        }
        if self.is_word("not") {
            self.next();
            return Ok(Expr::Not(Box::new(self.not(depth + 1)?)));
        }
        if *self.peek() == Token::Open {
            self.next();
            let inner = self.or(depth + 1)?;
            self.expect(Token::Close)?;
            return Ok(inner);
        }
        let (token, span) = self.next();
        let Token::Name(name) = token else {
            let label = format!(
                "expected a set, a function or a field, \
                                 found {}",
                token.show()
            );
            return self.fail(&span, label, "");
        };
        if *self.peek() == Token::Open {
            return self.call(&name, &span);
        }
        let name = Sp::new(name, self.place(&span));
        if let Token::Op(op) = *self.peek() {
            self.next();
            let literal = self.literal()?;
            return Ok(Expr::Field(name, op, literal));
        }
        if self.is_word("in") {
            self.next();
            return self.list(name);
        }
        Ok(Expr::Set(name))
    }

    fn call(&mut self, name: &str, span: &Range<usize>) -> Parsed<Expr> {
        self.expect(Token::Open)?;
        let expr = match name {
            "any" => Expr::Any(self.names()?),
            "all" => Expr::All(self.names()?),
            "quoted" => Expr::Quoted(self.name()?),
            "starts" => Expr::Starts(self.name()?),
            "near" | "before" => {
                let a = self.name()?;
                self.expect(Token::Comma)?;
                let b = self.name()?;
                self.expect(Token::Comma)?;
                let n = self.whole_number()?;
                if name == "near" {
                    Expr::Near(a, b, n)
                } else {
                    Expr::Before(a, b, n)
                }
            }
            "score" => {
                let set = self.name()?;
                self.expect(Token::Close)?;
                let op = self.operator()?;
                let number = self.decimal()?;
                return Ok(Expr::Score(set, op, number));
            }
            "count" | "distinct" => {
                let set = self.name()?;
                self.expect(Token::Close)?;
                let op = self.operator()?;
                let n = self.whole_number()?;
                return Ok(if name == "count" {
                    Expr::Count(set, op, n)
                } else {
                    Expr::Distinct(set, op, n)
                });
            }
            _ => {
                let known = [
                    "any", "all", "count", "distinct", "near", "before",
                    "quoted", "starts", "score",
                ];
                let near = crate::base::near::nearest(name, known);
                let help = near
                    .map(|near| format!("did you mean `{near}`?"))
                    .unwrap_or_else(|| {
                        format!("functions are {}", known.join(", "))
                    });
                let label = format!("no function is called `{name}`");
                return self.fail(span, label, &help);
            }
        };
        self.expect(Token::Close)?;
        Ok(expr)
    }

    fn names(&mut self) -> Parsed<Vec<Sp<String>>> {
        let mut names = vec![self.name()?];
        while *self.peek() == Token::Comma {
            self.next();
            names.push(self.name()?);
        }
        Ok(names)
    }

    fn name(&mut self) -> Parsed<Sp<String>> {
        let (token, span) = self.next();
        match token {
            Token::Name(name) => Ok(Sp::new(name, self.place(&span))),
            other => {
                let label = format!(
                    "expected the name of a set, found {}",
                    other.show()
                );
                self.fail(&span, label, "")
            }
        }
    }

    fn operator(&mut self) -> Parsed<Op> {
        let (token, span) = self.next();
        if let Token::Op(op) = token {
            return Ok(op);
        }
        let label = format!(
            "expected an operator such as `>=`, found {}",
            token.show()
        );
        self.fail(&span, label, "")
    }

    fn decimal(&mut self) -> Parsed<f64> {
        let (token, span) = self.next();
        if let Token::Number(number) = token {
            return Ok(number);
        }
        let label = format!("expected a number, found {}", token.show());
        self.fail(&span, label, "")
    }

    fn whole_number(&mut self) -> Parsed<u32> {
        let (token, span) = self.next();
        if let Token::Number(number) = token
            && let Ok(number) = number.to_string().parse()
        {
            return Ok(number);
        }
        let label = format!("expected a whole number, found {}", token.show());
        self.fail(&span, label, "")
    }

    fn literal(&mut self) -> Parsed<Literal> {
        let (token, span) = self.next();
        match token {
            Token::Number(number) => Ok(Literal::Number(number)),
            Token::Text(text) => Ok(Literal::Text(text)),
            Token::Name(name) if name == "true" => Ok(Literal::Bool(true)),
            Token::Name(name) if name == "false" => Ok(Literal::Bool(false)),
            other => {
                let label = format!(
                    "expected a number, a string, true or \
                                     false, found {}",
                    other.show()
                );
                self.fail(&span, label, "strings stand in single quotes")
            }
        }
    }

    fn list(&mut self, name: Sp<String>) -> Parsed<Expr> {
        self.expect(Token::ListOpen)?;
        let mut literals = vec![self.literal()?];
        while *self.peek() == Token::Comma {
            self.next();
            literals.push(self.literal()?);
        }
        self.expect(Token::ListClose)?;
        Ok(Expr::In(name, literals))
    }

    fn expect(&mut self, wanted: Token) -> Parsed<()> {
        let (token, span) = self.next();
        if token == wanted {
            return Ok(());
        }
        let label =
            format!("expected {}, found {}", wanted.show(), token.show());
        self.fail(&span, label, "")
    }
}

/// A digit, or a minus sign right before one.
fn is_number(rest: &str) -> bool {
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

fn single(mut parts: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    if parts.len() == 1 {
        // The length was just checked.
        parts.remove(0)
    } else {
        many(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Expr, String> {
        let source = SourceFile {
            path: "t".to_owned(),
            name: "t".to_owned(),
            text: format!("\"{text}\""),
        };
        let span = 0..source.text.len();
        let text = Sp::new(text.to_owned(), span);
        let mut out = Vec::new();
        parse(&text, &source, 0, &mut out).ok_or_else(|| {
            let label = &out[0].labels[0];
            format!("{}: {}", label.span.start - 1, label.text)
        })
    }

    #[test]
    fn precedence_is_not_and_or() {
        let expr = parsed("a or not b and c").unwrap();
        let Expr::Or(parts) = expr else { panic!("not an or") };
        assert!(matches!(&parts[1], Expr::And(inner)
            if matches!(inner[0], Expr::Not(_))));
    }

    #[test]
    fn mistakes_are_placed() {
        let rows = [
            ("a and", "5: expected a set, a function or a field, found"),
            ("near(a, b)", "9: expected `,`, found `)`"),
            ("near(a, b, x)", "11: expected a whole number, found `x`"),
            ("cuont(a) > 1", "0: no function is called `cuont`"),
            ("a b", "2: expected `and` or `or`, found `b`"),
            ("a = 1", "2: unexpected '='"),
            ("count(a) 2", "9: expected an operator"),
            ("x in ['a'", "9: expected `]`, found the end"),
            ("text.len > 'a", "11: string is not closed"),
            ("", "0: expected a set"),
        ];
        for (text, wanted) in rows {
            let error = parsed(text).unwrap_err();
            assert!(error.starts_with(wanted), "{text}: {error}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_not_overflowed() {
        let text = "(".repeat(100_000);
        assert!(parsed(&text).unwrap_err().contains("too deeply"));
        let text = "not ".repeat(100_000);
        assert!(parsed(&text).unwrap_err().contains("too deeply"));
    }

    #[test]
    fn fields_and_lists_parse() {
        let expr = parsed("author.age_days < 30 and lang in ['zh','en']");
        assert!(matches!(expr, Ok(Expr::And(parts)) if parts.len() == 2));
    }
}
