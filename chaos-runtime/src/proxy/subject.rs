//! A connection as faults know it, and the first bytes from which its server name is learnt.

use super::client_hello::Sni;
use super::faults::Faults;
use super::hits::ConnectionId;
use super::plan::Plan;
use super::scope::Who;
use std::sync::{Arc, OnceLock};

/// What the links of a connection share.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) id: ConnectionId,
    pub(super) faults: Arc<Faults>,
    server_name: OnceLock<Box<str>>,
}

impl Subject {
    pub(super) fn new(id: ConnectionId, faults: Arc<Faults>) -> Self {
        Self { id, faults, server_name: OnceLock::new() }
    }

    pub(super) fn has_name(&self) -> bool {
        self.server_name.get().is_some()
    }

    /// The current plan for this connection, and its number.
    pub(super) fn plan(&self) -> (u64, Arc<Plan>) {
        let (version, plan) = self.faults.current();
        let who = Who { id: self.id, server_name: self.server_name.get().map(AsRef::as_ref) };
        (version, plan.of(&who))
    }
}

/// Reads along what a client sends first.
#[derive(Debug, Default)]
pub(super) enum Sniffer {
    /// Nothing was sent yet.
    #[default]
    Fresh,
    /// It begins as TLS does, and the name is still to come.
    Reading(Vec<u8>),
    /// There is nothing more to learn.
    Done,
}

impl Sniffer {
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// Reads on.
    pub(super) fn read(&mut self, bytes: &[u8], subject: &Subject) {
        let sni = match self {
            Self::Done => return,
            Self::Fresh => Sni::of(bytes),
            Self::Reading(first) => {
                first.extend_from_slice(bytes);
                Sni::of(first)
            }
        };
        match sni {
            Sni::NeedMore => {
                if let Self::Fresh = self {
                    *self = Self::Reading(bytes.to_vec());
                }
                return;
            }
            Sni::Tls { server_name: Some(name) } => _ = subject.server_name.set(name.into()),
            Sni::Tls { server_name: None } | Sni::NotTls => {}
        }
        *self = Self::Done;
    }
}
