//! Panic messages: they are printed where they happen, long before any report.

use super::redact;
use crate::error::panic_text;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::borrow::Cow;
use std::sync::Once;

/// From now on, panics of this process are reported without secrets. One that has none is reported by the hook that was
/// there before, unchanged.
pub(crate) fn redact_panics() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let text = panic_text(info.payload());
            match redact(&text) {
                Cow::Borrowed(_) => usual(info),
                // As the standard library writes it. A hook of the user's would print the secret.
                Cow::Owned(text) => {
                    let thread = std::thread::current();
                    let name = thread.name().unwrap_or("<unnamed>").to_owned();
                    let place = info.location().map(|at| format!(" at {at}")).unwrap_or_default();
                    let trace = Backtrace::capture();
                    let trace = match trace.status() {
                        BacktraceStatus::Captured => format!("\nstack backtrace:\n{trace}"),
                        _ => String::new(),
                    };
                    eprintln!("\nthread '{name}' panicked{place}:\n{text}{trace}");
                }
            }
        }));
    });
}
