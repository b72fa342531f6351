//! What a good answer looks like.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// HTTP statuses: one (`404`), several (`[200, 404]`) or a range (`200..=299`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSet(Vec<RangeInclusive<u16>>);

impl StatusSet {
    /// Whether `status` is one of them.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

impl Default for StatusSet {
    /// 2xx and 3xx.
    fn default() -> Self {
        Self(vec![200..=399])
    }
}

impl From<u16> for StatusSet {
    fn from(status: u16) -> Self {
        Self(vec![status..=status])
    }
}

impl From<RangeInclusive<u16>> for StatusSet {
    fn from(range: RangeInclusive<u16>) -> Self {
        Self(vec![range])
    }
}

impl<const N: usize> From<[u16; N]> for StatusSet {
    fn from(statuses: [u16; N]) -> Self {
        Self(statuses.map(|status| status..=status).into())
    }
}

impl fmt::Display for StatusSet {
    /// `200 to 299`, `200 or 404`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, range) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" or ")?;
            }
            match (range.start(), range.end()) {
                (start, end) if start == end => write!(f, "{start}")?,
                (start, end) => write!(f, "{start} to {end}")?,
            }
        }
        Ok(())
    }
}

type Predicate = dyn Fn(&[u8]) -> bool + Send + Sync;

/// What must be true of a body.
#[derive(Clone)]
pub(super) struct BodyCheck {
    holds: Arc<Predicate>,
    /// Fits after "the body (12 bytes)".
    otherwise: String,
}

impl BodyCheck {
    pub(super) fn new(holds: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Self {
        Self { holds: Arc::new(holds), otherwise: "is not what was expected".to_owned() }
    }

    pub(super) fn contains(text: String) -> Self {
        let otherwise = format!("does not contain `{text}`");
        let holds = move |body: &[u8]| {
            let text = text.as_bytes();
            text.is_empty() || body.windows(text.len()).any(|window| window == text)
        };
        Self { holds: Arc::new(holds), otherwise }
    }

    /// Says what is wrong with a body, without quoting it: it may hold secrets.
    pub(super) fn check(&self, body: &[u8]) -> Result<(), String> {
        if (self.holds)(body) { Ok(()) } else { Err(format!("the body ({} bytes) {}", body.len(), self.otherwise)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_of_all_shapes_are_sets() {
        let of = |set: StatusSet| (set.to_string(), [200, 299, 302, 404, 500].map(|status| set.contains(status)));
        assert_eq!(of(StatusSet::default()), ("200 to 399".to_owned(), [true, true, true, false, false]));
        assert_eq!(of((200..=299).into()), ("200 to 299".to_owned(), [true, true, false, false, false]));
        assert_eq!(of(404.into()), ("404".to_owned(), [false, false, false, true, false]));
        assert_eq!(of([200, 404].into()), ("200 or 404".to_owned(), [true, false, false, true, false]));
    }

    #[test]
    fn bodies_are_searched_but_never_quoted() {
        let check = BodyCheck::contains("paid".to_owned());
        assert_eq!(check.check(b"order 7: paid"), Ok(()));
        assert_eq!(check.check(b"secret"), Err("the body (6 bytes) does not contain `paid`".to_owned()));
        assert_eq!(BodyCheck::contains(String::new()).check(b""), Ok(()));
        assert!(BodyCheck::new(|body| body.len() > 3).check(b"abc").is_err());
    }
}
