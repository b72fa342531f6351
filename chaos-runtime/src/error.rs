//! The error type of experiment bodies and of the runtime's own calls.

use crate::descriptors;
use std::error::Error as StdError;
use std::fmt;

/// The result of an experiment's body and of most calls on [`Chaos`](crate::Chaos).
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

type Source = Box<dyn StdError + Send + Sync + 'static>;

/// Anything that ended an experiment's body early.
///
/// Converts from every `std::error::Error`, so `?` works on them all (for that reason it does not
/// implement `std::error::Error` itself, like `anyhow::Error`).
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    help: Option<String>,
    source: Option<Source>,
    /// The error that `?` made this one of; its text is the message, its type tells failures of a load apart.
    origin: Option<Source>,
}

/// What an [`Error`] means for the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The body or a dependency failed.
    Failed,
    /// The steady state was not met, so nothing was injected.
    Unsteady,
    /// The fault could not be confirmed, or too little was measured.
    Inconclusive,
    /// A guard tripped, a signal came or the time ran out: the body is being ended.
    Cancelled,
}

impl Error {
    /// An error with a message: the first line says the cause.
    pub fn new(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Failed, message)
    }

    pub(crate) fn of(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), help: None, source: None, origin: None }))
    }

    /// Adds the way out, shown after `help:`.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Source>) -> Self {
        let source = source.into();
        self.0.help = way_out(&*source).or(self.0.help);
        self.0.source = Some(source);
        self
    }

    /// What it means for the verdict.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message without causes and help, as it was given: secrets are left out where it is shown, not here.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Message and causes without the help, and without [secrets](crate::secret): for a text that shows the help elsewhere.
    pub(crate) fn without_help(&self) -> String {
        crate::secret::redact(&self.with_causes()).into_owned()
    }

    fn with_causes(&self) -> String {
        let mut text = self.0.message.clone();
        let mut source: Option<&(dyn StdError + 'static)> = self.0.source.as_deref().map(|s| s as _);
        while let Some(cause) = source {
            text += &format!(": {cause}");
            source = cause.source();
        }
        text
    }

    /// The way out, if one is known.
    pub fn help_text(&self) -> Option<&str> {
        self.0.help.as_deref()
    }
}

impl fmt::Display for Error {
    /// Message, causes and help, without [secrets](crate::secret).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.with_causes();
        if let Some(help) = &self.0.help {
            text += &format!("\nhelp: {help}");
        }
        f.write_str(&crate::secret::redact(&text))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        match (Box::new(error) as Source).downcast::<Boxed>() {
            Ok(boxed) => boxed.0,
            Err(origin) => {
                let mut error = Self::new(origin.to_string());
                error.0.help = way_out(&*origin);
                error.0.origin = Some(origin);
                error
            }
        }
    }
}

/// An [`Error`] as a `std::error::Error`, for bodies that return another error type.
#[derive(Debug)]
struct Boxed(Error);

impl fmt::Display for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Boxed {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let Inner { origin, source, .. } = &*self.0.0;
        origin.as_deref().or(source.as_deref()).map(|cause| cause as _)
    }
}

impl From<Error> for Box<dyn StdError + Send + Sync + 'static> {
    fn from(error: Error) -> Self {
        Box::new(Boxed(error))
    }
}

/// For bodies that return `anyhow::Result`.
#[cfg(feature = "anyhow")]
impl From<Error> for anyhow::Error {
    fn from(error: Error) -> Self {
        Self::new(Boxed(error))
    }
}

impl Error {
    /// Recovers an [`Error`] from whatever a body returned.
    pub(crate) fn from_body(error: Source) -> Self {
        match error.downcast::<Boxed>() {
            Ok(boxed) => boxed.0,
            Err(other) => {
                let help = way_out(&*other);
                let mut message = other.to_string();
                let mut source = other.source();
                while let Some(cause) = source {
                    let text = cause.to_string();
                    if !message.contains(&text) {
                        message.push_str(": ");
                        message.push_str(&text);
                    }
                    source = cause.source();
                }
                let mut error = Self::new(message);
                error.0.help = help;
                error
            }
        }
    }
}

/// Whatever fails for want of a file descriptor, the way out is the same.
fn way_out(error: &(dyn StdError + 'static)) -> Option<String> {
    let error = error.downcast_ref()?;
    descriptors::is_refusal(error).then(|| descriptors::HELP.to_owned())
}

/// What an experiment's body may return: `Result<(), E>` where `E` converts into a boxed error
/// (`chaos::Error`, `anyhow::Error`, `std::io::Error`, `String`, …).
#[diagnostic::on_unimplemented(
    message = "a chaos test returns `chaos::Result` or `Result<(), E>` with an error type that converts into `Box<dyn Error + Send + Sync>`",
    label = "this is not such a result"
)]
pub trait BodyResult {
    #[doc(hidden)]
    fn into_result(self) -> Result<()>;
}

impl<E: Into<Source>> BodyResult for std::result::Result<(), E> {
    fn into_result(self) -> Result<()> {
        self.map_err(|error| Error::from_body(error.into()))
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a value that is no text".into())
}
