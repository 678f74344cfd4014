//! A score as a sum, for explanations. In: a scanner, a record, a rule; out:
//! lines for a person. Decides nothing.

use std::fmt::Write as _;

use crate::base::{escape, int};
use crate::eval::{Scanner, Scratch};
use crate::image::RuleMeta;
use crate::record::Record;

/// N-grams of a model that are shown.
const SHOWN_MAX: usize = 12;

/// For each model of a rule: bias, n-grams and what they come to.
pub fn lines(
    scanner: &Scanner,
    rule: &RuleMeta,
    record: &Record<'_>,
    scratch: &mut Scratch,
) -> String {
    let image = scanner.image();
    let view = image.view();
    let mut out = String::new();
    for (name, set) in &rule.sets {
        let Some(model) = image.meta().sets[int::to_usize(*set)].model else {
            continue;
        };
        let parts = scanner.score_parts(model, record, scratch);
        let _ = writeln!(
            out,
            "  {name}: {:.4} = bias {:.4} {:+.4} from {} n-grams in {} \
             letters ({:.0} %)",
            parts.score,
            parts.bias,
            parts.score - parts.bias,
            parts.carriers.len(),
            parts.letters,
            100.0 / (1.0 + (-parts.score).exp())
        );
        for carrier in parts.carriers.iter().take(SHOWN_MAX) {
            let field = int::to_usize(carrier.field);
            let text = &record.fields[field].text;
            let quote = &text[carrier.span.range()];
            let _ = writeln!(
                out,
                "    {:+.4} {} at {}..{} {}",
                int::signed_f64(carrier.weight) / 10_000.0,
                view.grams.text(carrier.gram),
                carrier.span.start,
                carrier.span.end,
                escape::terminal(quote)
            );
        }
        let more = parts.carriers.len().saturating_sub(SHOWN_MAX);
        if more > 0 {
            let _ = writeln!(out, "    and {more} more");
        }
    }
    out
}
