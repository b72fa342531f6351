//! What is kept of past runs: `history`, `findings` and `diff` on planted histories and journals.

mod diff;
mod findings;
mod history;
mod home;
