//! The calls that do harm. Each is sent once: a second one would move the writer on, or back.

use super::api::Api;
use crate::aws::refused;
use crate::{Error, Result};
use aws_sdk_rds::config::retry::RetryConfig;
use aws_sdk_rds::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long an order is repeated that RDS throttles: such a one had no effect.
const THROTTLED_FOR: Duration = Duration::from_secs(30);

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::target::aurora) enum Call {
    /// `FailoverDBCluster`.
    Failover {
        /// The reader that is to become the writer.
        to: Option<String>,
    },
    /// `RebootDBInstance` of the writer.
    Reboot { with_failover: bool },
}

impl Call {
    pub(super) fn moves_writer(&self) -> bool {
        !matches!(self, Self::Reboot { with_failover: false })
    }

    /// What it is called where it says how long it took.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Failover { .. } => "failover",
            Self::Reboot { .. } => "reboot",
        }
    }

    fn in_words(&self, cluster: &str, writer: &str) -> String {
        match self {
            Self::Failover { to: None } => format!("fail over {cluster}"),
            Self::Failover { to: Some(to) } => format!("fail over {cluster} to {to}"),
            Self::Reboot { with_failover: false } => format!("reboot {writer}"),
            Self::Reboot { with_failover: true } => format!("reboot {writer} with failover"),
        }
    }
}

/// What became of an order.
#[derive(Debug)]
pub(super) enum Order {
    /// RDS has taken it.
    Taken,
    /// Nobody knows: no answer came, or one of a service in trouble. Why, in words.
    Unknown(String),
}

impl Api {
    /// Gives the order, if `still_good` says before every try that it may be given.
    ///
    /// # Errors
    /// When RDS refuses it, so that nothing happens.
    pub(super) async fn order(&self, call: &Call, writer: &str, still_good: impl Fn() -> Result<()>) -> Result<Order> {
        let what = call.in_words(&self.id, writer);
        let until = Instant::now() + THROTTLED_FOR;
        let mut pause = Duration::from_millis(500);
        loop {
            still_good()?;
            let outcome = match call {
                Call::Failover { to } => self.fail_over(to.clone(), &what).await,
                Call::Reboot { with_failover } => self.reboot(writer, *with_failover, &what).await,
            };
            match outcome {
                Outcome::Throttled(error) if Instant::now() + pause >= until => return Err(error),
                Outcome::Throttled(_) => sleep(pause).await,
                Outcome::Refused(error) => return Err(error),
                Outcome::Taken => return Ok(Order::Taken),
                Outcome::Unknown(why) => return Ok(Order::Unknown(why)),
            }
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    async fn fail_over(&self, to: Option<String>, what: &str) -> Outcome {
        let call = self.rds.failover_db_cluster().db_cluster_identifier(&self.id);
        let sent = call.set_target_db_instance_identifier(to).customize().config_override(once()).send();
        self.outcome(what, sent.await)
    }

    async fn reboot(&self, writer: &str, with_failover: bool, what: &str) -> Outcome {
        let call = self.rds.reboot_db_instance().db_instance_identifier(writer);
        // Left out rather than `false`: engines that know no such thing refuse the mention of it.
        let sent = call.set_force_failover(with_failover.then_some(true)).customize().config_override(once()).send();
        self.outcome(what, sent.await)
    }

    fn outcome<T, E>(&self, what: &str, sent: Result<T, SdkError<E>>) -> Outcome
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let error = match sent {
            Ok(_) => return Outcome::Taken,
            Err(error) => error,
        };
        let code = error.code().unwrap_or_default();
        if is_throttled(code) {
            return Outcome::Throttled(refused(what, error));
        }
        let refused_it = error.raw_response().is_some_and(|answer| answer.status().is_client_error());
        if refused_it || matches!(error, SdkError::ConstructionFailure(_)) {
            return Outcome::Refused(self.explained(what, error));
        }
        let text = DisplayErrorContext(&error).to_string();
        // What follows is the whole request as Rust prints it.
        Outcome::Unknown(text.split(" (").next().unwrap_or_default().to_owned())
    }
}

enum Outcome {
    Taken,
    Throttled(Error),
    Refused(Error),
    Unknown(String),
}

fn once() -> aws_sdk_rds::config::Builder {
    aws_sdk_rds::Config::builder().retry_config(RetryConfig::disabled())
}

fn is_throttled(code: &str) -> bool {
    code.contains("Throttl") || matches!(code, "RequestLimitExceeded" | "TooManyRequestsException" | "SlowDown")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_rds::Client;
    use aws_sdk_rds::error::ErrorMetadata;
    use aws_sdk_rds::operation::failover_db_cluster::{FailoverDBClusterError, FailoverDbClusterOutput};
    use aws_sdk_rds::operation::reboot_db_instance::{RebootDBInstanceError, RebootDbInstanceOutput};
    use aws_sdk_rds::types::error::{DbClusterNotFoundFault, InvalidDbClusterStateFault, InvalidDbInstanceStateFault};
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

    fn api(rules: &[&Rule]) -> Api {
        let rds = mock_client!(aws_sdk_rds, RuleMode::Sequential, rules);
        Api { rds, id: "pay".into(), whereabouts: "in account 1, region eu-west-1".into() }
    }

    fn said(code: &str, message: &str) -> ErrorMetadata {
        ErrorMetadata::builder().code(code).message(message).build()
    }

    #[tokio::test]
    async fn a_target_is_sent_only_where_there_is_one() {
        for (to, sent) in [(None, None), (Some("pay-2".to_owned()), Some("pay-2"))] {
            let rule = mock!(Client::failover_db_cluster)
                .match_requests(move |request| {
                    (request.db_cluster_identifier(), request.target_db_instance_identifier()) == (Some("pay"), sent)
                })
                .then_output(|| FailoverDbClusterOutput::builder().build());
            let outcome = api(&[&rule]).order(&Call::Failover { to }, "pay-1", || Ok(())).await.unwrap();
            assert!(matches!(outcome, Order::Taken) && rule.num_calls() == 1, "{outcome:?}");
        }
        for with_failover in [true, false] {
            let rule = mock!(Client::reboot_db_instance)
                .match_requests(move |request| {
                    request.db_instance_identifier() == Some("pay-1")
                        && request.force_failover() == with_failover.then_some(true)
                })
                .then_output(|| RebootDbInstanceOutput::builder().build());
            api(&[&rule]).order(&Call::Reboot { with_failover }, "pay-1", || Ok(())).await.unwrap();
            assert_eq!(rule.num_calls(), 1);
        }
    }

    #[tokio::test]
    async fn each_refusal_says_the_way_out() {
        let state =
            |message| InvalidDbClusterStateFault::builder().meta(said("InvalidDBClusterStateFault", message)).build();
        let cluster = mock!(Client::failover_db_cluster)
            .then_error(move || FailoverDBClusterError::InvalidDbClusterStateFault(state("it is modifying")));
        let instance = mock!(Client::failover_db_cluster).then_error(|| {
            let fault =
                InvalidDbInstanceStateFault::builder().meta(said("InvalidDBInstanceState", "pay-2 is rebooting"));
            FailoverDBClusterError::InvalidDbInstanceStateFault(fault.build())
        });
        let missing = mock!(Client::failover_db_cluster).then_error(|| {
            let fault = DbClusterNotFoundFault::builder().meta(said("DBClusterNotFoundFault", "no"));
            FailoverDBClusterError::DbClusterNotFoundFault(fault.build())
        });
        let denied = mock!(Client::failover_db_cluster).then_error(|| {
            FailoverDBClusterError::generic(said(
                "AccessDenied",
                "not authorized to perform: rds:FailoverDBCluster on resource: x",
            ))
        });
        for (rule, message, way_out) in [
            (cluster, "failed to fail over pay: its state does not allow it: it is modifying", "wait until its status"),
            (instance, "an instance's state does not allow it: pay-2 is rebooting", "every instance"),
            (missing, "there is no cluster `pay` in account 1", "chaos.toml"),
            (denied, "the credentials may not do this", "rds:FailoverDBCluster"),
        ] {
            let outcome = api(&[&rule]).order(&Call::Failover { to: None }, "pay-1", || Ok(())).await;
            let error = outcome.expect_err(message);
            assert!(error.to_string().contains(message), "{error}");
            assert!(error.help_text().is_some_and(|help| help.contains(way_out)), "{error}");
            assert_eq!(rule.num_calls(), 1);
        }
        let rule = mock!(Client::reboot_db_instance).then_error(|| {
            RebootDBInstanceError::generic(said("InvalidParameterCombination", "Cannot specify ForceFailover"))
        });
        let outcome = api(&[&rule]).order(&Call::Reboot { with_failover: true }, "pay-1", || Ok(())).await;
        assert!(outcome.unwrap_err().to_string().contains("`aurora.failover()` does"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_throttled_is_repeated_as_long_as_it_may_be() {
        let throttled = || FailoverDBClusterError::generic(said("Throttling", "Rate exceeded"));
        let rule = mock!(Client::failover_db_cluster)
            .sequence()
            .error(throttled)
            .times(3)
            .output(|| FailoverDbClusterOutput::builder().build())
            .build();
        let outcome = api(&[&rule]).order(&Call::Failover { to: None }, "pay-1", || Ok(())).await.unwrap();
        assert!(matches!(outcome, Order::Taken) && rule.num_calls() == 4, "{outcome:?}");

        let rule = mock!(Client::failover_db_cluster).sequence().error(throttled).repeatedly().build();
        let asked = std::cell::Cell::new(0);
        let still_good = || {
            asked.set(asked.get() + 1);
            if asked.get() < 3 { Ok(()) } else { Err(Error::new("the kill switch is on")) }
        };
        let error = api(&[&rule]).order(&Call::Failover { to: None }, "pay-1", still_good).await.unwrap_err();
        assert!(error.message().contains("kill switch") && rule.num_calls() == 2, "{error}");
        let error = api(&[&rule]).order(&Call::Failover { to: None }, "pay-1", || Ok(())).await.unwrap_err();
        assert!(error.message().contains("throttles"), "{error}");
    }
}
