use super::actions;
use crate::aws::fis::value::milliseconds;
use std::time::Duration;

actions! {
    /// Pauses reading from and writing to EBS volumes, all in one Availability Zone.
    "aws:ebs:pause-volume-io" => pub fn pause_volume_io(lasting: Duration) -> Self {
        Self::new("aws:ebs:pause-volume-io").parameter("duration", lasting)
    }

    /// Delays reading from and writing to EBS volumes, all in one Availability Zone, by at most a minute.
    "aws:ebs:volume-io-latency" => pub fn volume_io_latency(delay: Duration, lasting: Duration) -> Self {
        Self::new("aws:ebs:volume-io-latency")
            .parameter("readIOLatencyMilliseconds", milliseconds(delay))
            .parameter("writeIOLatencyMilliseconds", milliseconds(delay))
            .parameter("duration", lasting)
    }
}
