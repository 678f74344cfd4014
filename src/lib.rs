//! Trommel sorts a stream of posts into takedown, report and pass.

pub mod base;
pub mod cli;
pub mod decode;
pub mod eval;
pub mod evidence;
pub mod flow;
pub mod fold;
pub mod image;
pub mod lint;
pub mod pack;
pub mod record;
pub mod scan;
pub mod sink;
pub mod source;
pub mod tools;
pub mod validate;
pub mod verdict;
