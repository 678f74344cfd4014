//! Tools for rule authors: rule tests, explanations, evaluation on labelled
//! data. In: packs, scanners, texts; out: values that `cli` prints.

pub mod attack;
pub mod backtest;
pub mod corpus;
pub mod evaluate;
pub mod explain;
pub mod format;
pub mod junit;
pub mod markup;
mod miss;
pub mod profile;
pub mod rule_test;
pub mod why_not;
