//! The commands, one file each.

mod completions;
mod diff;
mod doctor;
mod export;
mod findings;
mod history;
mod init;
mod list;
mod policy;
mod recover;
mod report;
mod run;
mod schema;

pub(crate) use completions::Completions;
pub(crate) use diff::Diff;
pub(crate) use doctor::Doctor;
pub(crate) use export::Export;
pub(crate) use findings::Findings;
pub(crate) use history::History;
pub(crate) use init::Init;
pub(crate) use list::List;
pub(crate) use policy::Policy;
pub(crate) use recover::Recover;
pub(crate) use report::Report;
pub(crate) use run::Run;
pub(crate) use schema::Schema;
