//! The two ways to send a request, and the answer that either gives.

use super::bare::{self, Bare};
use bytes::Bytes;
use reqwest::{Client, Request};

/// A request that is ready to be sent, and what sends it.
pub(super) enum Ready {
    Client { client: Client, request: Request },
    Bare(Bare),
}

impl Clone for Ready {
    fn clone(&self) -> Self {
        match self {
            Self::Client { client, request } => Self::Client { client: client.clone(), request: copy(request) },
            Self::Bare(bare) => Self::Bare(bare.clone()),
        }
    }
}

impl Ready {
    pub(super) async fn send(&self) -> Result<Answer<'_>, BoxError> {
        Ok(match self {
            Self::Client { client, request } => Answer::Client(client.execute(copy(request)).await?),
            Self::Bare(bare) => Answer::Bare(bare.send().await?),
        })
    }
}

/// An answer whose body is still to be read.
pub(super) enum Answer<'a> {
    Client(reqwest::Response),
    Bare(bare::Answer<'a>),
}

impl Answer<'_> {
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Client(response) => response.status(),
            Self::Bare(answer) => answer.status(),
        }
        .as_u16()
    }

    /// The next piece of the body; `None` at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, BoxError> {
        Ok(match self {
            Self::Client(response) => response.chunk().await?,
            Self::Bare(answer) => answer.chunk().await?,
        })
    }
}

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn copy(request: &Request) -> Request {
    // Only streams cannot be cloned, and the builder takes none.
    request.try_clone().expect("a request with a body of bytes can be cloned")
}
