//! What tools ask beyond a verdict. In: a scanner and a record; out: the
//! evaluation rule by rule. Takes no time itself: the caller does.

use super::{Fired, Scanner, Scratch};
use crate::record::Record;

/// Evaluates a rule: what came of it, if anything.
pub type Evaluate<'a> = &'a mut dyn FnMut() -> Option<Fired>;

impl Scanner {
    /// Judges a record as `scan` does and shows every rule that is due to
    /// `see`, with a call that evaluates it: the caller may take the time
    /// around it. Sets are found when the first rule asks for them.
    pub fn each_due(
        &self,
        record: &Record<'_>,
        scratch: &mut Scratch,
        see: &mut dyn FnMut(u32, Evaluate<'_>),
    ) {
        let view = self.image.tables();
        self.collect(view, record, false, scratch);
        let due = std::mem::take(&mut scratch.due);
        for &rule in &due {
            see(rule, &mut || self.rule(view, rule, record, scratch));
        }
        scratch.due = due;
        scratch.cache.reset();
    }
}
