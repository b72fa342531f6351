//! Chaos tests of a staging account, as a nightly pipeline runs them.
