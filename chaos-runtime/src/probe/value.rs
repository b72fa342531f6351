//! What a probe may return.

use crate::units::{Percent, Rate};
use std::fmt::Display;
use std::time::Duration;

/// A sampled value and its unit, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeValue(pub(crate) Result<(f64, &'static str), String>);

/// What a probe may return.
pub trait IntoProbeValue {
    /// The value with its unit.
    fn into_probe_value(self) -> ProbeValue;
}

macro_rules! numbers {
    ($($number:ty)*) => { $(
        impl IntoProbeValue for $number {
            fn into_probe_value(self) -> ProbeValue {
                ProbeValue(Ok((self as f64, "")))
            }
        }
    )* };
}
numbers!(f64 f32 u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

impl IntoProbeValue for Duration {
    fn into_probe_value(self) -> ProbeValue {
        ProbeValue(Ok((self.as_secs_f64(), "s")))
    }
}

impl IntoProbeValue for Percent {
    fn into_probe_value(self) -> ProbeValue {
        ProbeValue(Ok((self.fraction() * 100.0, "%")))
    }
}

impl IntoProbeValue for Rate {
    fn into_probe_value(self) -> ProbeValue {
        ProbeValue(Ok((self.as_per_second(), "/s")))
    }
}

impl<T: IntoProbeValue, E: Display> IntoProbeValue for Result<T, E> {
    fn into_probe_value(self) -> ProbeValue {
        match self {
            Ok(value) => value.into_probe_value(),
            Err(error) => ProbeValue(Err(error.to_string())),
        }
    }
}
