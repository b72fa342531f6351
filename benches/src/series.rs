//! Contestants that take turns, and what each of them measured.

use crate::reading::Reading;
use crate::statistics::Spread;

/// Someone who is measured.
pub(crate) struct Contestant<'a> {
    name: String,
    run: Box<dyn FnMut() -> Result<Reading, String> + 'a>,
}

impl<'a> Contestant<'a> {
    pub(crate) fn new(name: impl Into<String>, run: impl FnMut() -> Result<Reading, String> + 'a) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }
}

/// All readings of one contestant, in order.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) readings: Vec<Result<Reading, String>>,
}

impl Series {
    /// Why it does not count, if it does not.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.readings.iter().find_map(|reading| reading.as_ref().err()).map(String::as_str)
    }

    pub(crate) fn spread(&self, key: &str) -> Option<Spread> {
        let values = self.readings.iter().map(|reading| reading.as_ref().ok()?.get(key));
        Spread::of(values.collect::<Option<Vec<_>>>()?)
    }

    /// The ratios of what was measured in turn: what disturbs the machine for a while disturbs both.
    pub(crate) fn over(&self, peer: &Self, key: &str) -> Option<Spread> {
        let value = |reading: &Result<Reading, String>| reading.as_ref().ok()?.get(key);
        let pairs = self.readings.iter().zip(&peer.readings);
        Spread::of(pairs.map(|(ours, theirs)| Some(value(ours)? / value(theirs)?)).collect::<Option<Vec<_>>>()?)
    }
}

/// Lets them take turns; one that fails is not asked again.
pub(crate) fn alternate(repeats: usize, mut contestants: Vec<Contestant<'_>>) -> Vec<Series> {
    let mut all: Vec<Series> =
        contestants.iter().map(|c| Series { name: c.name.clone(), readings: Vec::new() }).collect();
    for _ in 0..repeats {
        for (contestant, series) in contestants.iter_mut().zip(&mut all) {
            if series.failure().is_none() {
                let reading = (contestant.run)();
                eprintln!("  {}: {}", series.name, reading.as_ref().map_or_else(Clone::clone, ToString::to_string));
                series.readings.push(reading);
            }
        }
    }
    all
}

/// The one of this name.
pub(crate) fn named<'a>(all: &'a [Series], name: &str) -> Option<&'a Series> {
    all.iter().find(|series| series.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn they_take_turns_and_who_fails_is_out() {
        let order = RefCell::new(String::new());
        let run = |name: &'static str, fails: bool| {
            let order = &order;
            Contestant::new(name, move || {
                order.borrow_mut().push_str(name);
                if fails { Err("broken".to_owned()) } else { Ok(Reading::default().with("x", 2.0)) }
            })
        };
        let all = alternate(3, vec![run("a", false), run("b", true), run("c", false)]);
        assert_eq!(*order.borrow(), "abcacac");
        assert_eq!(named(&all, "b").unwrap().failure(), Some("broken"));
        assert_eq!(all[0].over(&all[2], "x").unwrap().median, 1.0);
    }
}
