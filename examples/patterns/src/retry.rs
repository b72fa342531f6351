//! Retry: once more, but not into an outage.

use crate::{Call, Remote};
use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;
use tower::retry::Policy;
use tower::retry::budget::{Budget, TpsBudget};
use tower::{BoxError, ServiceBuilder};

/// Tries each call 20 times: what is down for all gets 20 times the load.
pub fn weak(remote: Remote) -> Call {
    Call::new(ServiceBuilder::new().retry(Stubborn { attempts: 20 }).service(remote))
}

/// Retries from a budget: a tenth of what succeeded in the last second, and one per second.
pub fn sound(remote: Remote) -> Call {
    let budget = Arc::new(TpsBudget::new(Duration::from_secs(1), 1, 0.1));
    Call::new(ServiceBuilder::new().retry(Budgeted { budget }).service(remote))
}

#[derive(Clone)]
struct Stubborn {
    attempts: u32,
}

impl Policy<(), String, BoxError> for Stubborn {
    type Future = Ready<()>;

    fn retry(&mut self, (): &mut (), result: &mut Result<String, BoxError>) -> Option<Ready<()>> {
        self.attempts = self.attempts.saturating_sub(1);
        (result.is_err() && self.attempts > 0).then(|| ready(()))
    }

    fn clone_request(&mut self, (): &()) -> Option<()> {
        Some(())
    }
}

#[derive(Clone)]
struct Budgeted {
    budget: Arc<TpsBudget>,
}

impl Policy<(), String, BoxError> for Budgeted {
    type Future = Ready<()>;

    fn retry(&mut self, (): &mut (), result: &mut Result<String, BoxError>) -> Option<Ready<()>> {
        match result {
            Ok(_) => {
                self.budget.deposit();
                None
            }
            Err(_) => self.budget.withdraw().then(|| ready(())),
        }
    }

    fn clone_request(&mut self, (): &()) -> Option<()> {
        Some(())
    }
}
