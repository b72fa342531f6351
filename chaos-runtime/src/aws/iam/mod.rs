//! The least that AWS has to allow: policies made from the tests that are compiled in.
//!
//! Three documents come out: the policy of whoever runs the tests, the policy of the role by which FIS carries its
//! experiments out, and the trust of that role. A test that compares them with files keeps them right:
//!
//! ```test_harness,no_run
//! use chaos_runtime::aws::iam::{self, Scope};
//!
//! #[test]
//! fn the_policies_are_up_to_date() {
//!     let scope = Scope::new("123456789012", "eu-west-1", ("chaos-test", "allowed")).role("chaos-fis");
//!     let policies = iam::policies(chaos_runtime::catalogue(), &scope).expect("every action is known");
//!     policies.compare_with(concat!(env!("CARGO_MANIFEST_DIR"), "/iam")).expect("the files are those of the tests");
//! }
//! ```
//!
//! With `CHAOS_WRITE_POLICIES=1` the same test writes them: `caller.json`, `fis-role.json`, `fis-trust.json`.
//!
//! What a test needs is read off the methods that its body calls, such as `fis()` and `terminate_instances()`. What
//! hides in a helper function, `uses("aws:ec2:terminate-instances")` in the attribute says. A test whose `profiles(…)`
//! names none of the scope's is left out.

mod caller;
mod capability;
mod denied;
mod document;
mod files;
mod grant;
mod policies;
mod role;
mod scope;
mod spec;

pub use capability::Capability;
pub use denied::explain_denied;
pub use document::{Effect, Policy, Principal, Statement};
pub use policies::{Policies, policies, policies_of};
pub use scope::Scope;
pub use spec::{capabilities, capabilities_by_name};
