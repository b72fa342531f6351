//! The page of a run: one HTML file that needs nothing else.
//!
//! All that is said is HTML made here, so that it reads without scripts, in print and aloud; a script only draws
//! [`Chart`]s, with uPlot, which lies unmodified in `vendor/`.

mod bins;
mod chart;
mod claims;
mod distribution;
mod entry;
mod experiment;
mod faults;
mod interval;
mod ledgers;
mod limit;
mod loads;
mod log;
mod run;
mod shell;
mod strip;
mod text;
mod tiles;
mod timeline;
mod trend;

pub use chart::{Chart, Color, Dash, Limit, Mark, Series, Span, Unit, Window, WindowKind, X, Y};
pub use maud::{Markup, PreEscaped, html};
pub use shell::document;

pub(crate) use entry::Entry;
pub(crate) use run::{Part, head, sort, tail};
pub(crate) use trend::Trend;

#[cfg(test)]
mod tests;
