//! Programs that we measure beside ours, and the server that all of them ask.

pub(crate) mod haproxy;
pub(crate) mod nginx;
pub(crate) mod noxious;
pub(crate) mod oha;
pub(crate) mod wrk;
