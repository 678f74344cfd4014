//! `trommel test`: the tests that packs carry.

use std::fmt::Write as _;

use anyhow::Context;

use super::args::TestArgs;
use super::exit::Exit;
use super::{messages, rules};
use crate::base::escape;
use crate::eval::{Config, Scanner};
use crate::pack::diagnostic::line_column;
use crate::tools::junit::junit;
use crate::tools::rule_test::{self, Ending};

pub fn run(args: &TestArgs) -> anyhow::Result<Exit> {
    let compilation = rules::compile(rules::sources(&args.packs)?)?;
    let config = Config::new().engine(rules::engine(args.engine));
    let scanner = Scanner::with_config(compilation.image()?, config)?;
    let ran = rule_test::run(&compilation, &scanner, args.only.as_deref());
    let (mut passed, mut failed, mut todo) = (0, 0, 0);
    let mut out = String::new();
    for test in &ran {
        let file = &compilation.files[test.file];
        let (line, _) = line_column(&file.text, test.span.start);
        let place = format!("{}:{line}", file.path);
        let text = escape::terminal(&test.text);
        match &test.ending {
            Ending::Passed => {
                passed += 1;
                if args.verbose {
                    let _ = writeln!(out, "ok    {place} {}", test.rule);
                }
            }
            Ending::Todo => {
                todo += 1;
                if args.verbose {
                    let _ = writeln!(out, "todo  {place} {}", test.rule);
                }
            }
            Ending::Failed(why) => {
                failed += 1;
                let _ = writeln!(
                    out,
                    "FAIL  {place} {} {}\n      {text}\n      {why}",
                    test.rule, test.name
                );
            }
        }
    }
    messages::stdout(&out)?;
    if let Some(path) = &args.junit {
        std::fs::write(path, junit(&ran, &compilation.files))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    if ran.is_empty() {
        messages::warning("no tests were found");
    }
    messages::note(&format!(
        "{passed} passed, {failed} failed, {todo} known misses"
    ));
    Ok(if failed > 0 { Exit::Failed } else { Exit::Done })
}
