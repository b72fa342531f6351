//! Random decisions as pure functions of the seed and of what is decided about, so that a replay decides the same and
//! a second look does too.

use super::direction::Direction;
use super::hits::ConnectionId;
use crate::mix::{mix, unit};

/// A number in `0.0..1.0` for one thing (a chunk, a byte, a slice) in one direction of a connection.
pub(super) fn in_lane(seed: u64, connection: ConnectionId, direction: Direction, number: u64) -> f64 {
    let lane = connection << 1 | u64::from(direction == Direction::Downstream);
    unit(mix(mix(seed ^ mix(lane)) ^ number))
}

/// A number in `0.0..1.0` for one thing.
pub(super) fn of(seed: u64, number: u64) -> f64 {
    // Not the same numbers as those of a lane.
    unit(mix(mix(!seed) ^ mix(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_even_and_independent_of_their_neighbours() {
        for seed in [0, 1, 42, u64::MAX] {
            let draws: Vec<f64> = (0..10_000).map(|i| of(seed, i)).collect();
            let mean = draws.iter().sum::<f64>() / 1e4;
            assert!((mean - 0.5).abs() < 0.01, "seed {seed}: mean {mean}");
            let together: f64 = draws.windows(2).map(|pair| (pair[0] - 0.5) * (pair[1] - 0.5)).sum::<f64>() / 1e4;
            assert!(together.abs() < 0.004, "seed {seed}: covariance {together}");
        }
    }

    #[test]
    fn seed_lane_and_number_all_matter() {
        let draw = |seed, connection, direction, number| in_lane(seed, connection, direction, number).to_bits();
        let one = draw(1, 2, Direction::Upstream, 3);
        assert_eq!(one, draw(1, 2, Direction::Upstream, 3));
        for other in [
            draw(2, 2, Direction::Upstream, 3),
            draw(1, 3, Direction::Upstream, 3),
            draw(1, 2, Direction::Downstream, 3),
            draw(1, 2, Direction::Upstream, 4),
        ] {
            assert_ne!(one, other);
        }
    }
}
