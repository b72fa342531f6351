//! What is done before the process exits by itself.

#![expect(unsafe_code, reason = "the standard library has no such hook")]

use std::ffi::c_int;

unsafe extern "C" {
    /// C's `int atexit(void (*)(void))`.
    fn atexit(callback: extern "C" fn()) -> c_int;
}

/// Has `callback` called when `main` returns or `std::process::exit` is called; not when a signal ends the process.
/// It runs on the thread that exits, whose thread-locals may be gone. False: no more callbacks are taken.
pub(crate) fn at_exit(callback: extern "C" fn()) -> bool {
    // SAFETY: the declaration is C's. The callback is a function of the program itself, so it is there as long as the
    // process, and being `extern "C"` it aborts instead of unwinding into C.
    unsafe { atexit(callback) == 0 }
}
