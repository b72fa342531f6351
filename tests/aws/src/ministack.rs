//! CloudWatch, by ministack.

use crate::emulator::Emulator;
use crate::world::sdk;
use std::sync::OnceLock;

/// The ministack of this test binary. Accounts don't see each other, so each test takes that of its [`World`].
///
/// [`World`]: crate::world::World
#[derive(Debug, Clone, Copy)]
pub struct Ministack(&'static Emulator);

impl Ministack {
    /// Starts it where nobody has yet.
    pub fn get() -> Self {
        static STARTED: OnceLock<Emulator> = OnceLock::new();
        Self(STARTED.get_or_init(|| Emulator::start(&["ministack"], "/_ministack/health")))
    }

    /// `AWS_ENDPOINT_URL_CLOUDWATCH`.
    pub fn url(&self) -> &'static str {
        self.0.url()
    }

    /// The last lines that it has printed.
    pub fn output(&self) -> String {
        self.0.output()
    }

    /// The SDK's client for an account.
    pub fn cloudwatch(&self, account: &str) -> aws_sdk_cloudwatch::Client {
        aws_sdk_cloudwatch::Client::new(&sdk(self.url(), account))
    }
}
