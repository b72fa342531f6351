//! What runs in this executable before its `main`: nothing, unless it was started as a watchdog or as a busy neighbour,
//! or is asked for its catalogue.
//!
//! A watchdog is the test binary once more. It must not come as far as `main`, which is a test harness or whatever
//! the user has written, and there is no other place in somebody else's executable where a library could turn it off.

#![allow(unsafe_code)]

use std::ffi::OsString;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, Ordering};

// SAFETY: the C runtime calls every function in this section before `main`, on the only thread, with arguments that a
// function without parameters ignores (C calling convention). What such a function may rely on: libc is initialised
// (its own constructors come first, those of a static executable too), so memory, files, threads and thread-locals
// work. Of std, everything but what its `main` wrapper sets up: the main thread's name, the stack guard's message and
// SIGPIPE being ignored, none of which a watchdog needs; a panic is caught before it reaches C. std fills in the
// arguments in priority 99 where the C runtime hands them over (glibc); 100 is the next one, and still before those
// of C++, of sanitizers' users and of the `ctor` crate, so that no code of theirs runs in a watchdog.
// That the section is kept by the linker is seen to by `used`, and `runs_before_main` refers to it.
#[used]
#[unsafe(link_section = ".init_array.00100")]
static CONSTRUCTOR: extern "C" fn() = constructor;

// SAFETY: plain bytes in a section of their own, which nobody but readers of the file looks at. They say that this
// executable can be asked for its catalogue, and in which version it answers: an executable without them is a stranger,
// which `cargo chaos` must not start. The constructor refers to them, so the linker keeps them.
#[used]
#[unsafe(link_section = "chaos_catalogue")]
static CAN_BE_ASKED: [u8; 2] = *b"v1";

/// Whether the constructor has run in this process.
static HAS_RUN: AtomicBool = AtomicBool::new(false);

extern "C" fn constructor() {
    HAS_RUN.store(true, Ordering::Relaxed);
    let all = arguments();
    #[cfg(feature = "docker")]
    if let Some(run_end) = crate::watchdog::RunEnd::parse(&all) {
        let status = catch_unwind(|| run_end.main()).unwrap_or(1);
        signal_hook::low_level::exit(status);
    }
    if std::hint::black_box(&CAN_BE_ASKED) == b"v1" && crate::catalogue::question::is_asked(&all) {
        let status = catch_unwind(crate::catalogue::question::answer).unwrap_or(1);
        signal_hook::low_level::exit(status);
    }
    if crate::fault::process::is_burner(&all) {
        let status = catch_unwind(crate::fault::process::burn).unwrap_or(1);
        signal_hook::low_level::exit(status);
    }
    let Some(arguments) = crate::watchdog::arguments(all) else { return };
    let status = catch_unwind(|| crate::watchdog::main(&arguments)).unwrap_or(1);
    // Without anybody's exit handlers: no coverage file, no report of leaks, of a process that never had a `main`.
    signal_hook::low_level::exit(status);
}

/// Reading them is all that this costs a process which is no watchdog: less than a microsecond.
fn arguments() -> Vec<OsString> {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.is_empty() {
        // Other C libraries than glibc hand them to `main` only.
        use std::os::unix::ffi::OsStringExt;
        let line = std::fs::read("/proc/self/cmdline").unwrap_or_default();
        arguments = line.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec())).collect();
    }
    arguments
}

/// Whether this executable, started once more, would run the constructor before its `main`. Not so if this crate is
/// in a library that was loaded later on: then the executable is a stranger, which must not be started.
pub(crate) fn runs_before_main() -> bool {
    let here = std::ptr::from_ref(&CONSTRUCTOR).addr();
    HAS_RUN.load(Ordering::Relaxed) && mapped_at(here).is_some_and(|file| file == executable())
}

/// The file of which this address is a part, as the kernel names it.
fn mapped_at(address: usize) -> Option<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    maps.lines().find_map(|line| {
        let (range, rest) = line.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        let number = |text| usize::from_str_radix(text, 16).ok();
        // Permissions, offset, device and inode come first; the name is the rest, spaces included.
        let name = rest.splitn(5, ' ').nth(4)?.trim_start();
        (number(from)?..number(to)?).contains(&address).then(|| name.to_owned())
    })
}

fn executable() -> String {
    std::fs::read_link("/proc/self/exe").unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_binary_can_be_its_own_watchdog() {
        assert!(runs_before_main());
    }

    #[test]
    fn the_section_says_the_version_that_is_answered_in() {
        use crate::report::catalogue::{CATALOGUE_VERSION, Catalogue};
        assert_eq!(CAN_BE_ASKED.as_slice(), format!("v{CATALOGUE_VERSION}").as_bytes());
        assert!(Catalogue::is_understood(&CAN_BE_ASKED));
    }

    #[test]
    fn what_is_no_part_of_the_executable_is_told_apart() {
        let on_the_heap = Box::new(1);
        assert_ne!(mapped_at(std::ptr::from_ref(&*on_the_heap).addr()), Some(executable()));
        assert_eq!(mapped_at(0), None);
    }
}
