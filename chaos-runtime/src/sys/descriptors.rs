//! File descriptors that a process has got without asking.

#![allow(unsafe_code)]

use rustix::io::{FdFlags, fcntl_getfd};
use std::os::fd::{BorrowedFd, RawFd};

/// Closes what was inherited beyond the three standard streams: another's pipe or socket must not be held open.
///
/// For the very start of a process. What has the close-on-exec flag was opened by this process itself.
pub(crate) fn close_inherited() {
    let Ok(listing) = std::fs::read_dir("/proc/self/fd") else { return };
    let all: Vec<RawFd> = listing.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for fd in all.into_iter().filter(|fd| *fd > 2) {
        // SAFETY: the borrow ends with the statement, in which nobody can close the descriptor: this is the only
        // thread. Should it be closed already, as the listing's own one is, the call fails with EBADF.
        let inherited = fcntl_getfd(unsafe { BorrowedFd::borrow_raw(fd) }).is_ok_and(|f| !f.contains(FdFlags::CLOEXEC));
        if inherited {
            // SAFETY: nothing in this process owns it: std and everything in Rust sets close-on-exec on what it
            // opens, and this is called before any other code has run.
            unsafe { rustix::io::close(fd) };
        }
    }
}
