//! Reports: the journal is the one source; JUnit, terminal and page show only what stands in it.

pub mod journal;
