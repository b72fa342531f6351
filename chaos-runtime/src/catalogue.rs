//! What the code base claims to survive, without running anything.

use crate::experiment::Spec;

/// Every chaos test in this binary, in no particular order.
///
/// Only for listing: a test runs whether or not it is found here.
pub fn catalogue() -> &'static [&'static Spec] {
    &crate::__private::spec::CATALOGUE
}
