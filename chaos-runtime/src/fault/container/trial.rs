//! What the kernel of the engine's host lets be done to a network, tried by the faults' own scripts.

use super::rules::{Rule, Rules};
use super::shaping;
use crate::Result;
use crate::target::container::Helper;

/// Tries, in the helper's own network, what packet faults set: name of what is tried, and whether it is there.
pub(crate) async fn rules_work(helper: &Helper) -> Vec<(&'static str, Result<bool>)> {
    let rule = Rule::incoming("-m statistic --mode random --probability 0.5");
    vec![
        ("netem", shaping::is_there(helper, "netem delay 1000us").await),
        ("tbf", shaping::is_there(helper, "tbf rate 1000000bps burst 4096 latency 200ms").await),
        ("iptables statistic", Rules::in_helper(helper.clone(), vec![rule]).set().await.map(|_| true)),
    ]
}
