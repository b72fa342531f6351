//! Whether there are credentials for AWS.

use super::Missing;
use crate::aws::credentials;

/// Why there are none, if so.
pub(super) fn missing() -> Option<Missing> {
    let asked = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        runtime.block_on(credentials()).err()
    });
    let why = asked.join().unwrap_or_else(|_| Some("the look for them panicked".to_owned()))?;
    Some(Missing {
        message: format!("requires aws, and there are no credentials: {why}"),
        help: "log in (`aws sso login`, AWS_PROFILE, or the pipeline's role by OIDC)".to_owned(),
    })
}
