//! What is kept so that a decision can be defended. In: judged records;
//! out: evidence, a ledger that shows it was not changed, and what people
//! may see of it. Never judges.

pub mod archive;
pub mod audience;
pub mod cases;
mod database;
pub mod derive;
pub mod dsa;
pub mod keys;
pub mod ledger;
pub mod record;
pub mod recorder;
pub mod store;
pub mod transparency;

pub use derive::{Deriver, EvidenceBatch, Kept};
pub use record::{Content, Evidence};

/// JSON Schema of an evidence record.
pub const EVIDENCE_SCHEMA: &str = include_str!("evidence.schema.json");

/// JSON Schema of a statement of reasons for the EU Transparency Database.
pub const DSA_SCHEMA: &str = include_str!("dsa.schema.json");
