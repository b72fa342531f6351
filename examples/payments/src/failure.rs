//! What can go wrong between the service and its database.

use deadpool_postgres::{BuildError, PoolError};
use tokio_postgres::error::SqlState;

/// What went wrong between the service and its database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The URL names no database.
    #[error("the database's URL can't be read: {0}")]
    Url(#[source] tokio_postgres::Error),
    /// The pool's settings contradict each other.
    #[error("no pool: {0}")]
    Pool(#[from] BuildError),
    /// No connection was to be had.
    #[error("no connection: {0}")]
    Connection(#[from] PoolError),
    /// A statement failed.
    #[error("the database failed: {}", in_words(.0))]
    Statement(#[from] tokio_postgres::Error),
    /// A statement got no answer in time.
    #[error("the database did not answer in time")]
    Silence,
    /// A payment that was stored a moment ago is not there any more: another server has taken over, and never had it.
    #[error("the database has lost the payment")]
    Forgotten,
}

impl Failure {
    /// It may go well a moment later, on another connection.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Connection(_) | Self::Silence | Self::Forgotten => true,
            Self::Statement(error) => passes(error.code()),
            Self::Url(_) | Self::Pool(_) => false,
        }
    }

    /// The connection on which it happened is of no use any more.
    pub(crate) fn ends_connection(&self) -> bool {
        match self {
            Self::Silence => true,
            Self::Statement(error) => ends_connection(error.code()),
            _ => false,
        }
    }
}

/// The database's own words; without them a driver's error says no more than `db error`.
fn in_words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} (SQLSTATE {})", said.message(), said.code().code()),
        None => std::error::Error::source(error).map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")),
    }
}

/// Without a code, the connection broke before the database could answer.
fn passes(code: Option<&SqlState>) -> bool {
    /// Connection failures, conflicts of transactions, no room for more, an operator's intervention.
    const CLASSES: [&str; 4] = ["08", "40", "53", "57"];
    code.is_none_or(|code| {
        *code == SqlState::READ_ONLY_SQL_TRANSACTION || CLASSES.iter().any(|class| code.code().starts_with(class))
    })
}

/// Read-only is no passing state of a connection: it leads to a server that is a reader now.
fn ends_connection(code: Option<&SqlState>) -> bool {
    code.is_none_or(|code| {
        *code == SqlState::READ_ONLY_SQL_TRANSACTION || ["08", "57"].iter().any(|class| code.code().starts_with(class))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_failover_causes_passes_and_ends_the_connection() {
        let causes = [
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::QUERY_CANCELED,
            SqlState::CONNECTION_FAILURE,
        ];
        for code in causes {
            assert!(passes(Some(&code)) && ends_connection(Some(&code)), "{code:?}");
        }
        assert!(passes(None) && ends_connection(None), "a broken connection");
    }

    #[test]
    fn a_wrong_statement_stays_wrong() {
        for code in [SqlState::UNDEFINED_TABLE, SqlState::NOT_NULL_VIOLATION, SqlState::INSUFFICIENT_PRIVILEGE] {
            assert!(!passes(Some(&code)) && !ends_connection(Some(&code)), "{code:?}");
        }
    }

    #[test]
    fn a_conflict_is_tried_again_on_the_same_connection() {
        for code in [SqlState::T_R_DEADLOCK_DETECTED, SqlState::TOO_MANY_CONNECTIONS] {
            assert!(passes(Some(&code)) && !ends_connection(Some(&code)), "{code:?}");
        }
    }
}
