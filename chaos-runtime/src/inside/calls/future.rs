//! The future of a call.

use super::course::{Course, Permit};
use super::error::ChaosError;
use super::steering::Instead;
use super::substitute::Substitute;
use crate::inside::tally::Tally;
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

type Waiting<T> = Pin<Box<dyn Future<Output = T> + Send>>;

pin_project! {
    /// The answer of a service behind a `ChaosLayer`, once it comes.
    ///
    /// While no fault is on it is the service's own future and nothing more.
    #[project = ResponseProj]
    pub struct ResponseFuture<F, M> where F: Future {
        // `None`: not made, or dropped.
        #[pin]
        call: Option<F>,
        // Boxed, so that a call that meets no fault carries no room for one.
        harmed: Option<Box<Harmed<F::Output, M>>>,
    }
}

/// A call that meets faults.
struct Harmed<T, M> {
    course: Course,
    substitute: M,
    stage: Stage,
    places: Vec<Permit>,
    outcome: Option<T>,
}

/// What a call waits for besides the service.
enum Stage {
    Begin,
    Place(Waiting<Vec<Permit>>),
    Placed,
    Called(Option<Waiting<Arc<Tally>>>),
    Ended,
    Late(Waiting<()>),
}

impl<F: Future, M: Substitute<F::Output>> ResponseFuture<F, M> {
    #[cfg(feature = "tower")]
    pub(super) fn untouched(call: F) -> Self {
        Self { call: Some(call), harmed: None }
    }

    /// `call` is only polled if the course makes it.
    pub(super) fn harmed(call: Option<F>, course: Course, substitute: M) -> Self {
        let harmed = Harmed { course, substitute, stage: Stage::Begin, places: Vec::new(), outcome: None };
        Self { call, harmed: Some(Box::new(harmed)) }
    }
}

impl<F: Future, M: Substitute<F::Output>> Future for ResponseFuture<F, M> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let ResponseProj { mut call, harmed } = self.project();
        match harmed {
            None => match call.as_pin_mut() {
                Some(call) => call.poll(cx),
                // Without faults a call is always made.
                None => Poll::Pending,
            },
            Some(harmed) => loop {
                ready!(harmed.advance(&mut call, cx));
                if matches!(harmed.stage, Stage::Ended)
                    && let Some(outcome) = harmed.outcome.take()
                {
                    harmed.places.clear();
                    return Poll::Ready(outcome);
                }
            },
        }
    }
}

impl<T, M: Substitute<T>> Harmed<T, M> {
    /// Takes one step; pending if that has to wait.
    fn advance<F: Future<Output = T>>(&mut self, call: &mut Pin<&mut Option<F>>, cx: &mut Context<'_>) -> Poll<()> {
        self.stage = match &mut self.stage {
            Stage::Begin => match self.course.places() {
                Some(places) => Stage::Place(Box::pin(places)),
                None => Stage::Placed,
            },
            Stage::Place(places) => {
                self.places = ready!(places.as_mut().poll(cx));
                Stage::Placed
            }
            Stage::Placed => match self.course.instead() {
                Some(instead) => {
                    call.set(None);
                    self.end(self.substitute.substitute(ChaosError { instead }))
                }
                None => Stage::Called(self.course.cut().map(|cut| Box::pin(cut) as _)),
            },
            Stage::Called(cut) => {
                let outcome = match call.as_mut().as_pin_mut() {
                    Some(running) => running.poll(cx),
                    None => Poll::Pending,
                };
                let outcome = match (outcome, cut) {
                    (Poll::Ready(outcome), _) => outcome,
                    (Poll::Pending, None) => return Poll::Pending,
                    (Poll::Pending, Some(cut)) => {
                        let tally = ready!(cut.as_mut().poll(cx));
                        call.set(None);
                        tally.strike();
                        self.substitute.substitute(ChaosError { instead: Instead::Dropped })
                    }
                };
                call.set(None);
                self.end(outcome)
            }
            Stage::Late(late) => {
                ready!(late.as_mut().poll(cx));
                Stage::Ended
            }
            // Polled again after its end, which is the caller's mistake: never over, as nothing is left.
            Stage::Ended => return Poll::Pending,
        };
        Poll::Ready(())
    }

    fn end(&mut self, outcome: T) -> Stage {
        self.outcome = Some(outcome);
        match self.course.delay() {
            Some(late) => Stage::Late(Box::pin(late)),
            None => Stage::Ended,
        }
    }
}

impl<F: Future, M> fmt::Debug for ResponseFuture<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("harmed", &self.harmed.is_some()).finish_non_exhaustive()
    }
}
