//! Tools for rule authors and reviewers: rule tests, explanations,
//! back-tests, evaluation on labelled data, attacks, speed, replay of kept
//! decisions, the public rulebook. In: packs, scanners, texts, evidence;
//! out: values that `cli` prints.

pub mod attack;
pub mod backtest;
pub mod bench;
pub mod corpus;
pub mod curves;
pub mod evaluate;
pub mod explain;
pub mod format;
pub mod junit;
pub mod learn;
pub mod markup;
mod miss;
pub mod plot;
pub mod profile;
pub mod replay;
pub mod rule_test;
pub mod rulebook;
mod score_sum;
pub mod why_not;
