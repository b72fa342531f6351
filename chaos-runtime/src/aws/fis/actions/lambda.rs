use super::actions;
use crate::aws::fis::value::milliseconds;
use std::time::Duration;

actions! {
    /// Delays the start of Lambda functions by at most 15 minutes.
    "aws:lambda:invocation-add-delay" => pub fn lambda_delay(delay: Duration, lasting: Duration) -> Self {
        Self::new("aws:lambda:invocation-add-delay")
            .parameter("startupDelayMilliseconds", milliseconds(delay))
            .parameter("duration", lasting)
    }

    /// Lets invocations of Lambda functions fail without running them; `parameter("preventExecution", false)` runs them
    /// first.
    "aws:lambda:invocation-error" => pub fn lambda_error(lasting: Duration) -> Self {
        Self::new("aws:lambda:invocation-error").parameter("preventExecution", true).parameter("duration", lasting)
    }

    /// Answers HTTP requests with this status in place of Lambda functions, which do not run;
    /// `parameter("preventExecution", false)` runs them first.
    "aws:lambda:invocation-http-integration-response" => pub fn lambda_http_response(status: u16, lasting: Duration) -> Self {
        Self::new("aws:lambda:invocation-http-integration-response")
            .parameter("statusCode", status)
            .parameter("contentTypeHeader", "application/json")
            .parameter("preventExecution", true)
            .parameter("duration", lasting)
    }
}
