//! What a proxy promises to its two peers, whatever the fault.

#[cfg(target_os = "linux")]
mod bulk;
mod changes;
#[cfg(target_os = "linux")]
mod crowd;
mod endings;
mod passage;
