//! AWS Fault Injection Service: experiments from templates, and built in code.
//!
//! An [`Action`] is one fault with its target, a [`Plan`] is what becomes an experiment template: actions in their
//! order, and what stops them. Both are plain values. [`catalogue`] is what is known of FIS's actions. [`Fis`] runs them
//! in the account, as [faults](FisExperiment).

mod action;
mod actions;
mod alarm;
mod arn;
mod bound;
pub mod catalogue;
mod describe;
mod effect;
mod experiment;
mod handle;
mod iso8601;
mod listing;
mod order;
mod parameters;
mod place;
mod plan;
mod pods;
mod power_interruption;
mod problem;
mod selection;
mod source;
mod started;
mod stop;
mod targets;
mod template;
mod traffic;
mod validate;
#[cfg(test)]
mod validate_tests;
mod value;
mod watch;

pub use action::Action;
#[allow(unused_imports, reason = "for policies")]
pub(crate) use actions::names as constructors;
pub use bound::FisAction;
pub use experiment::FisExperiment;
pub use handle::Fis;
pub(crate) use listing::{is_over, live_experiments, our_templates};
pub use place::Place;
pub use plan::Plan;
pub use pods::Pods;
pub use power_interruption::PowerInterruption;
pub use problem::{Problem, Problems};
pub use selection::Filter;
pub use stop::StopOn;
pub use targets::Chosen;
pub use template::{ExperimentOptions, StopCondition, Target, Template, TemplateAction};
pub use traffic::{Denied, Protocol, Traffic};
pub use value::Value;
