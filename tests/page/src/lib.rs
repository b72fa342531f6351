//! The report page, looked at in a real browser.

mod browser;
mod journals;

pub use browser::{Browser, Look, Tab};
pub use journals::{hostile, hour, many, page_of, realistic, two_loads};
