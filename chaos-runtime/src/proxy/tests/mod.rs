//! What a proxy promises to its two peers, whatever the fault.

mod changes;
mod endings;
mod passage;
