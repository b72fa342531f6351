//! Several containers, and choosing among them.

use super::handle::Container;
use crate::units::Percent;
use crate::{Error, Result};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Some containers; never none. What can be done to them is in
/// [`ContainerFaults`](crate::fault::container::ContainerFaults).
#[derive(Debug, Clone)]
pub struct Containers {
    containers: Vec<Container>,
    /// What choices are drawn from.
    seed: u64,
    drawn: Arc<AtomicU64>,
}

impl Containers {
    pub(super) fn new(containers: Vec<Container>, seed: u64) -> Self {
        Self { containers, seed, drawn: Arc::default() }
    }

    /// Exactly `n` of them, drawn at random: the same ones again for the same seed of the run.
    ///
    /// # Errors
    /// If there are fewer than `n`, or `n` is 0.
    pub fn any(&self, n: usize) -> Result<Self> {
        if n == 0 || n > self.len() {
            return Err(Error::new(format!("asked for any {n} of {} containers", self.len()))
                .help("choose at least one, and not more than there are"));
        }
        let mut indices: Vec<usize> = (0..self.len()).collect();
        let draw = self.drawn.fetch_add(1, Ordering::Relaxed);
        fastrand::Rng::with_seed(self.seed.wrapping_add(draw)).shuffle(&mut indices);
        indices.truncate(n);
        indices.sort_unstable();
        let containers = indices.into_iter().map(|index| self.containers[index].clone()).collect();
        Ok(Self { containers, seed: self.seed.rotate_left(17), drawn: Arc::default() })
    }

    /// One of them, drawn at random: the same one again for the same seed of the run.
    pub fn one(&self) -> Container {
        match self.any(1) {
            Ok(one) => one.containers[0].clone(),
            // There is always one.
            Err(_) => self.containers[0].clone(),
        }
    }

    /// A share of them, drawn at random: rounded to the nearest number, at least one.
    ///
    /// # Errors
    /// If the share is 0 or more than 100 %.
    pub fn share(&self, share: Percent) -> Result<Self> {
        let fraction = share.fraction();
        if !(fraction > 0.0 && fraction <= 1.0) {
            return Err(Error::new(format!("asked for {} % of {} containers", fraction * 100.0, self.len()))
                .help("a share is above 0 % and at most 100 %"));
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Between 0 and the number of containers.
        let n = (self.len() as f64 * fraction).round() as usize;
        self.any(n.max(1))
    }
}

impl Deref for Containers {
    type Target = [Container];

    fn deref(&self) -> &[Container] {
        &self.containers
    }
}

impl<'a> IntoIterator for &'a Containers {
    type Item = &'a Container;
    type IntoIter = std::slice::Iter<'a, Container>;

    fn into_iter(self) -> Self::IntoIter {
        self.containers.iter()
    }
}

/// Containers that were started one by one, as a group: `Containers::from([&a, &b])`. An empty group can't be made.
impl<const N: usize> From<[&Container; N]> for Containers {
    fn from(containers: [&Container; N]) -> Self {
        const { assert!(N > 0, "a group of containers has at least one") };
        // The same ones in every run, since the same test starts them in the same order.
        let seed = containers[0].session().group_seed();
        Self::new(containers.into_iter().cloned().collect(), seed)
    }
}
