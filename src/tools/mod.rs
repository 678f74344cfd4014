//! Tools for rule authors and reviewers: rule tests, explanations,
//! evaluation on labelled data, replay of kept decisions, the public
//! rulebook. In: packs, scanners, texts, evidence; out: values that `cli`
//! prints.

pub mod evaluate;
pub mod explain;
pub mod replay;
pub mod rule_test;
pub mod rulebook;
