//! Checks at the same time, none of which may hold up the others.

use super::check::Check;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// Checks that are under way, in the order in which they are shown.
pub(super) struct Crew {
    begun: Instant,
    groups: Vec<Group>,
}

struct Group {
    /// Where what is late stands.
    name: &'static str,
    about: &'static str,
    limit: Duration,
    is_needed: bool,
    answer: Receiver<Vec<Check>>,
}

impl Crew {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), groups: Vec::new() }
    }

    /// Begins checks. Those that are not done within the limit are left to themselves, and said to be late.
    pub(super) fn send(
        &mut self,
        name: &'static str,
        about: &'static str,
        limit: Duration,
        is_needed: bool,
        checks: impl FnOnce() -> Vec<Check> + Send + 'static,
    ) {
        let (tell, answer) = mpsc::channel();
        // Nobody listens any more when it took too long. Should no thread start, nobody answers either.
        let _ = std::thread::Builder::new().name(format!("doctor-{name}")).spawn(move || drop(tell.send(checks())));
        self.groups.push(Group { name, about, limit, is_needed, answer });
    }

    /// What they found.
    pub(super) fn gather(self) -> Vec<Check> {
        let mut all = Vec::new();
        for Group { name, about, limit, is_needed, answer } in self.groups {
            match answer.recv_timeout(limit.saturating_sub(self.begun.elapsed())) {
                Ok(checks) => all.extend(checks),
                Err(error) => {
                    let found = match error {
                        mpsc::RecvTimeoutError::Timeout => format!("no answer within {} s", limit.as_secs_f64()),
                        mpsc::RecvTimeoutError::Disconnected => "the check itself failed; see above".to_owned(),
                    };
                    let make = if is_needed { Check::missing } else { Check::warning };
                    all.push(make(name, about, found).fix("run it again when the machine or the network is less busy"));
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::check::State;

    #[test]
    fn what_hangs_or_panics_holds_nobody_up() {
        let mut crew = Crew::new();
        let hour = Duration::from_secs(3_600);
        crew.send("machine", "hangs", Duration::from_millis(50), true, move || {
            std::thread::sleep(hour);
            Vec::new()
        });
        crew.send("docker", "panics", hour, false, || panic!("on purpose"));
        crew.send("ci", "answers", hour, false, || vec![Check::ok("ci", "CI", "none")]);
        let [late, failed, answered] = &*crew.gather() else { panic!("one each") };
        assert_eq!((late.state, &*late.found), (State::Missing, "no answer within 0.05 s"));
        assert_eq!((failed.state, &*failed.found), (State::Warning, "the check itself failed; see above"));
        assert_eq!((answered.state, &*answered.found), (State::Ok, "none"));
    }
}
