//! Faults of single requests on an [`HttpProxy`](crate::proxy::HttpProxy), one file each.

mod abort;
mod cut_body;
mod delay;
mod grpc_status;
mod on;
mod rate_limit;
mod remove_header;
mod replace_body;
#[cfg(test)]
mod testbed;

pub use abort::{Abort, ToStatus};
pub use cut_body::CutBody;
pub use delay::Delay;
pub use grpc_status::{GrpcCode, GrpcStatus};
pub use on::OnRequests;
pub use rate_limit::RateLimit;
pub use remove_header::RemoveHeader;
pub use replace_body::ReplaceBody;
