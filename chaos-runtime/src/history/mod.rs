//! What past runs measured: every experiment appends an [`Entry`] to a [`Store`] that outlives `cargo clean`.
//!
//! ```no_run
//! use chaos_runtime::history::Store;
//!
//! # fn main() -> chaos_runtime::Result {
//! let store = Store::of_project(std::path::Path::new("."), None);
//! for history in store.histories()? {
//!     for trend in history.trends() {
//!         for change in &trend.change_points {
//!             println!("{}", trend.sentence(change));
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A [`Trend`] is one claim's value over the runs, with its [`ChangePoint`]s; a [`TrackedFinding`] is what became of a
//! refuted hypothesis. Both are made of the entries and stored nowhere.

mod change_point;
mod difference;
mod direction;
mod entry;
mod finding;
mod place;
mod store;
mod subject;
mod trend;

pub use change_point::{ALPHA, LEAST_RUNS, Shift, shifts};
pub use difference::{Change, ClaimDifference, Difference, ExperimentDifference, Measured, Side};
pub use direction::Direction;
pub use entry::{Entry, EntryClaim, EntryFault, EntryReason};
pub use finding::{FindingClaim, FindingState, Sighting, TrackedFinding};
pub use store::{History, Merged, Store};
pub use trend::{ChangePoint, Trend, TrendPoint};
