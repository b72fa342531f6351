//! A failover or a reboot from the order to the writes that succeed again.

use super::super::until::Until;
use super::super::work::Work;
use super::LIMIT;
use super::cluster::Cluster;
use super::events::Told;
use super::order::{Call, Order};
use super::preflight::Cleared;
use super::progress::Progress;
use super::watch::Watch;
use super::writes::by_load;
use crate::claim::display;
use crate::clock::Nanos;
use crate::fault::{Evidence, InjectCx};
use crate::report::journal::EventKind;
use crate::rollback::{AwsStep, Recipe, Undo};
use crate::{Error, Result};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, timeout, timeout_at};

/// How long a look at what goes on waits for the next step.
const LOOK: Duration = Duration::from_millis(100);

/// A change that may be asked for, and then one that goes on.
pub(in crate::target::aurora) struct Course {
    cluster: Arc<Cluster>,
    call: Call,
    until: Option<Until>,
    cleared: Cleared,
    underway: Option<Underway>,
    /// One change at a time, from the preparation to the end.
    _turn: OwnedMutexGuard<()>,
}

struct Underway {
    watch: Watch,
    /// When the order was given.
    ordered: Nanos,
    /// Why it is not known whether RDS has taken the order.
    doubt: Option<String>,
}

impl Course {
    /// Refuses what can't work and what is not allowed, before anything is asked for.
    pub(in crate::target::aurora) async fn prepare(
        cluster: &Arc<Cluster>,
        call: Call,
        until: Option<Until>,
        what: String,
    ) -> Result<Self> {
        let turn = cluster.turn()?;
        let cleared = cluster.clear(&call, what).await?;
        Ok(Self { cluster: cluster.clone(), call, until, cleared, underway: None, _turn: turn })
    }

    fn underway(&mut self) -> Result<&mut Underway> {
        self.underway.as_mut().ok_or_else(|| Error::new("nothing was asked for"))
    }

    async fn begin(&mut self) -> Result<()> {
        let Self { cluster, call, cleared: Cleared { permit, writer }, .. } = self;
        let lease = cluster.session.lease(&cluster.arn, permit).await?;
        // Taking the lease takes its time.
        cluster.check_again(call, writer).await?;
        if !lease.is_held(&cluster.session).await? {
            return Err(Error::new(format!("somebody else has taken the lease on {} meanwhile", cluster.target()))
                .help("wait for the end of the other pipeline"));
        }
        let told = Told::begin();
        let ordered = cluster.clock.now();
        let doubt = match cluster.api.order(call, writer, || permit.still_good()).await? {
            Order::Taken => None,
            Order::Unknown(why) => {
                let text = format!("{}: whether RDS has taken the order is not known: {why}", cluster.target());
                cluster.events.note(EventKind::Target, text);
                Some(why)
            }
        };
        let watch = Watch::begin(cluster, call.clone(), writer.clone(), told)?;
        self.underway = Some(Underway { watch, ordered, doubt });
        Ok(())
    }

    async fn look(&mut self) -> Result<Evidence> {
        let Underway { watch, doubt, .. } = self.underway()?;
        let _ = timeout(LOOK, watch.progress.wait_for(|progress| progress.sign.is_some())).await;
        let progress = watch.progress.borrow();
        Ok(match (&progress.sign, doubt) {
            (Some(sign), _) => Evidence::seen(sign),
            (None, None) => Evidence::none(format!("RDS has taken the order, and {}", progress.last)),
            (None, Some(doubt)) => {
                Evidence::none(format!("RDS may not have taken the order ({doubt}), and {}", progress.last))
            }
        })
    }

    async fn end(&mut self) -> Result<Evidence> {
        let (cluster, call, until) = (self.cluster.clone(), self.call.clone(), self.until.clone());
        let writer = self.cleared.writer.clone();
        let Underway { watch, ordered, .. } = self.underway()?;
        let ordered = *ordered;
        let deadline = cluster.clock.instant(ordered) + LIMIT;
        let ended = timeout_at(deadline, watch.progress.wait_for(Progress::has_ended)).await.is_ok();
        let progress = watch.progress.borrow().clone();
        let said = watch.of_the_end(&cluster, &call, &writer).await;
        let said = said.map(|said| format!("; RDS said: {said}")).unwrap_or_default();
        if progress.over.is_none() {
            let problem = match &progress.moved {
                None if call.moves_writer() => format!("{writer} is still the writer"),
                _ => "it is not available".to_owned(),
            };
            let when = if ended { String::new() } else { format!(" {} after the order", display::duration(LIMIT)) };
            return Ok(Evidence::none(format!("{problem}{when}, and {}{said}", progress.last)));
        }
        if let (Call::Failover { to: Some(to) }, Some((new, _))) = (&call, &progress.moved)
            && !to.eq_ignore_ascii_case(new)
        {
            return Ok(Evidence::none(format!("the writer moved to {new} instead of {to}{said}")));
        }
        let (writes, how) = match self.writes(&progress, until, deadline).await {
            Ok(at) => at,
            Err(why) => {
                return Ok(Evidence::none(format!(
                    "{}, but no writes succeed: {why}{said}",
                    moved(&progress, &writer)
                )));
            }
        };
        Ok(Evidence::seen(text(&call, &writer, &progress, ordered, writes, how) + &said))
    }

    /// Waits for the writes; gives since when they succeed, and which these are.
    async fn writes(
        &self,
        progress: &Progress,
        until: Option<Until>,
        deadline: Instant,
    ) -> Result<(Nanos, &'static str), String> {
        let clock = self.cluster.clock;
        match until {
            Some(until) => Ok((clock.at(until.in_a_row(deadline).await?), "the writes of `.until(…)`")),
            None => {
                let core = self.cluster.core.upgrade().ok_or_else(|| "the experiment is over".to_owned())?;
                // Once the writer has moved, writes may succeed, whatever the status is still called.
                let from = progress.moved.as_ref().map(|(_, at)| *at).or(progress.over).unwrap_or_default();
                by_load(&core, from, deadline).await.map(|(begun, _)| (begun, "the load's operations"))
            }
        }
    }
}

fn moved(progress: &Progress, writer: &str) -> String {
    match &progress.moved {
        Some((new, _)) => format!("writer moved from {writer} to {new}"),
        None => format!("{writer} was rebooted, and is the writer as before"),
    }
}

/// What came of it, and what its time was made of.
fn text(call: &Call, writer: &str, progress: &Progress, ordered: Nanos, writes: Nanos, how: &str) -> String {
    let over = progress.over.unwrap_or(writes);
    let since = |at: Nanos| display::duration(Duration::from_nanos(at.saturating_sub(ordered)));
    let mut parts = Vec::new();
    if let Some((_, at)) = &progress.moved {
        parts.push(format!("writer moved after {}", since(*at)));
    }
    parts.push(format!("available after {}", since(over)));
    parts.push(format!("{how} succeed since {}", since(writes)));
    let what = moved(progress, writer);
    let unasked = if progress.moved.is_some() && !call.moves_writer() { ", which was not asked for" } else { "" };
    format!("{what}{unasked}; {} took {}: {}", call.name(), since(over.max(writes)), parts.join(", "))
}

impl Work for Course {
    fn undo(&self) -> Undo {
        let cluster = self.cluster.arn.clone();
        let experiment = self.cluster.session.tags.token().to_owned();
        // A failover ends by itself; the lease does not.
        let steps = vec![AwsStep::Release { cluster, experiment }];
        Undo::from_recipe(Recipe::Aws { place: self.cluster.session.place(), steps })
    }

    fn inject<'a>(&'a mut self, _cx: &'a InjectCx) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.begin())
    }

    fn evidence(&mut self) -> BoxFuture<'_, Result<Evidence>> {
        Box::pin(self.look())
    }

    fn completion(&mut self) -> BoxFuture<'_, Result<Option<Evidence>>> {
        Box::pin(async { self.end().await.map(Some) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    #[test]
    fn the_text_says_who_moved_and_what_the_time_was_made_of() {
        let moved = Some(("db-2".to_owned(), 18 * SECOND));
        let progress = Progress { moved, over: Some(22 * SECOND), ..Progress::default() };
        let call = Call::Failover { to: None };
        let said = text(&call, "db-1", &progress, 10 * SECOND, 19 * SECOND, "the load's operations");
        assert_eq!(
            said,
            "writer moved from db-1 to db-2; failover took 12 s: writer moved after 8 s, available after 12 s, \
             the load's operations succeed since 9 s"
        );
        let progress = Progress { over: Some(12 * SECOND), ..Progress::default() };
        let call = Call::Reboot { with_failover: false };
        let said = text(&call, "db-1", &progress, 10 * SECOND, 13 * SECOND, "the load's operations");
        assert!(
            said.starts_with("db-1 was rebooted, and is the writer as before; reboot took 3 s: available"),
            "{said}"
        );
    }
}
