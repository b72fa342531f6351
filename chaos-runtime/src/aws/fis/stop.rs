//! What makes FIS stop an experiment early.

/// A stop condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopOn {
    /// A CloudWatch alarm, by name or ARN: FIS stops the experiment when it goes off.
    Alarm(String),
    /// Nothing stops it, and this is why that is right.
    Nothing {
        /// For the journal and for whoever reads the test.
        because: String,
    },
}
