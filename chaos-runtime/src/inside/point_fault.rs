//! What happens at a point.

use super::draw::{Draw, check_share, share_text};
use super::points::Map;
use super::switch::Active;
use super::tally::Tally;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::figure;
use crate::rollback::Undo;
use crate::units::{Percent, percent};
use crate::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

#[derive(Debug, Clone)]
pub(super) struct Harm {
    pub(super) name: Arc<str>,
    pub(super) kind: Kind,
    pub(super) most: Option<u64>,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Fail(Arc<str>),
    Delay(Duration),
    Panic(Arc<str>),
}

/// Something happens at a point. Made by [`Points::at`](super::Points::at).
///
/// Several faults at one point act in this order: delays add up, then the oldest other one that hits decides.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct PointFault {
    map: Arc<Map>,
    harm: Harm,
    share: Percent,
    tally: Arc<Tally>,
}

impl PointFault {
    pub(super) fn new(map: Arc<Map>, harm: Harm) -> Self {
        Self { map, harm, share: percent(100), tally: Tally::new() }
    }

    /// Only this share of those who pass. Default: all.
    pub fn share(mut self, share: Percent) -> Self {
        self.share = share;
        self
    }

    /// No more than so many hits in all. Default: no limit.
    pub fn times(mut self, most: u64) -> Self {
        self.harm.most = Some(most);
        self
    }
}

impl Fault for PointFault {
    fn describe(&self) -> String {
        let what = match &self.harm.kind {
            Kind::Fail(why) => format!("`{}` fails ({why})", self.harm.name),
            Kind::Delay(delay) => format!("`{}` takes {delay:?} longer", self.harm.name),
            Kind::Panic(_) => format!("`{}` panics", self.harm.name),
        };
        let most =
            self.harm.most.map(|most| format!(", {} at most", figure::counted(most, "time"))).unwrap_or_default();
        what + &share_text(self.share, "passings") + &most
    }

    fn target(&self) -> String {
        format!("point `{}`", self.harm.name)
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        check_share(self.share, "passings")?;
        if self.harm.most == Some(0) {
            return Err(Error::new("a fault that hits 0 times does nothing").help("use times(1) or more"));
        }
        match self.harm.kind {
            Kind::Delay(Duration::ZERO) => {
                Err(Error::new("a delay of zero does nothing")
                    .help("give it a duration: points.at(…).delay(millis(300))"))
            }
            _ => Ok(()),
        }
    }

    fn undo(&self) -> Undo {
        let (map, tally) = (self.map.clone(), self.tally.clone());
        Undo::in_process(format!("nothing happens at the {} any more", self.target()), move || {
            map.faults.clear(&tally);
            std::future::ready(Ok(()))
        })
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        let (harm, draw) = (self.harm.clone(), Draw::new(cx.seed));
        self.map.faults.set(Active { harm, share: self.share, draw, tally: self.tally.clone() })
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        let (hit, seen, name) = (self.tally.hit(), self.tally.seen(), &self.harm.name);
        let done = match self.harm.kind {
            Kind::Fail(_) => "failed",
            Kind::Delay(_) => "delayed",
            Kind::Panic(_) => "panicked",
        };
        let text = match self.map.passed(name) {
            _ if hit > 0 => format!("{hit} of {} of `{name}` {done}", figure::counted(seen, "passing")),
            None => self.map.others(name),
            Some(_) if seen == 0 => format!("`{name}` was not passed since then"),
            Some(passed) if matches!(self.harm.kind, Kind::Fail(_)) && !passed.can_fail.load(Relaxed) => {
                format!("`{name}` was passed, but can't fail: its code needs `point!(\"{name}\" => return Err(…))`")
            }
            Some(_) => format!("{} of `{name}`, but none {done}", figure::counted(seen, "passing")),
        };
        Ok(Evidence::counted(hit, text))
    }
}

impl Held for PointFault {}
