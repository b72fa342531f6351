//! What the end-to-end tests share.

pub mod doubt;
pub mod fixture;
#[cfg(target_os = "linux")]
pub mod full_disk;
pub mod harness;
pub mod home;
pub mod junit;
#[cfg(unix)]
pub mod surroundings;
#[cfg(target_os = "linux")]
pub mod terminal;
mod told;

use std::sync::atomic::{AtomicUsize, Ordering};

/// Does `work` with every item, so many at a time: for tests that mostly wait.
///
/// # Panics
/// If one of them does; the others are finished first.
pub fn side_by_side<T: Sync>(most: usize, items: &[T], work: impl Fn(&T) + Sync) {
    let turn = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..most {
            scope.spawn(|| {
                while let Some(item) = items.get(turn.fetch_add(1, Ordering::Relaxed)) {
                    work(item);
                }
            });
        }
    });
}
