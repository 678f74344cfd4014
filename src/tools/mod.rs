//! Tools for rule authors: rule tests, explanations, evaluation on labelled
//! data. In: packs, scanners, texts; out: values that `cli` prints.

pub mod evaluate;
pub mod explain;
pub mod rule_test;
