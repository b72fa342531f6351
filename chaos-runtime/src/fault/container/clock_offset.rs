//! A wrong clock.

use super::on::{Harm, OnContainers};
use crate::fault::{Evidence, Held, InjectCx};
use crate::rollback::ContainerStep;
use crate::target::Container;
use crate::target::container::{State, write_file};
use crate::{Error, Result};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// See [`ContainerFaults::clock_ahead`](super::ContainerFaults::clock_ahead).
#[derive(Debug, Clone)]
pub struct ClockOffset {
    by: Duration,
    ahead: bool,
    /// The file that libfaketime reads the offset from.
    file: Option<String>,
}

impl ClockOffset {
    pub(super) fn new(by: Duration, ahead: bool) -> Self {
        Self { by, ahead, file: None }
    }

    fn offset(&self) -> f64 {
        if self.ahead { self.by.as_secs_f64() } else { -self.by.as_secs_f64() }
    }
}

impl Harm for ClockOffset {
    fn describe(&self) -> String {
        format!("clock {:?} {}", self.by, if self.ahead { "ahead" } else { "behind" })
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        if self.by < Duration::from_secs(5) {
            return Err(Error::new(format!(
                "an offset of {:?} can't be told from the clocks' own difference",
                self.by
            ))
            .help("use 5 s at least"));
        }
        let state = container.living().await?;
        let preloaded = variable(&state, "LD_PRELOAD").is_some_and(|library| library.contains("libfaketime"));
        let fresh = variable(&state, "FAKETIME_NO_CACHE").or(variable(&state, "FAKETIME_CACHE_DURATION")).is_some();
        let file = variable(&state, "FAKETIME_TIMESTAMP_FILE").filter(|file| file.starts_with('/'));
        match file {
            Some(file) if preloaded && fresh => self.file = Some(file),
            _ => {
                return Err(Error::new(format!("the clock of {container} can't be moved: it was not started with libfaketime"))
                    .help(
                        "a container has the kernel's clock, unless it is started with LD_PRELOAD=…/libfaketime.so.1, \
                         FAKETIME_TIMESTAMP_FILE=/some/file, FAKETIME_NO_CACHE=1 and FAKETIME_DONT_FAKE_MONOTONIC=1 in its environment",
                    ));
            }
        }
        let off = off(container).await?;
        if off.abs() > 2.5 {
            return Err(Error::new(format!("the clock of {container} is off by {off} s before the fault")));
        }
        Ok(())
    }

    fn undo(&self, container: &Container) -> Vec<ContainerStep> {
        let step = |file: &String| ContainerStep::WriteFile {
            container: container.id().to_owned(),
            path: file.clone(),
            text: "+0\n".to_owned(),
        };
        self.file.iter().map(step).collect()
    }

    async fn inflict(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        write_file(container.engine(), container.id(), file, &format!("{:+.3}\n", self.offset())).await
    }

    /// Asked of a new process in the container, which reads the same file as all.
    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        let off = off(container).await?;
        let text = format!("`date` in it is {off:+} s from this machine's");
        Ok(if (off - self.offset()).abs() < 2.5 { Evidence::seen(text) } else { Evidence::none(text) })
    }
}

impl Held for OnContainers<ClockOffset> {}

/// A variable of the environment that the container was started with.
fn variable(state: &State, name: &str) -> Option<String> {
    let environment = state.inspected.config.as_ref()?.env.as_ref()?;
    environment.iter().find_map(|one| one.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

/// How many seconds the container's clock is ahead of ours.
async fn off(container: &Container) -> Result<f64> {
    let said = container.exec(["date", "+%s.%N"]).await?;
    let there: f64 = said
        .trim()
        .parse()
        .map_err(|error| Error::new(format!("`date` in {container} says {said}")).caused_by(error))?;
    let here = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    Ok(((there - here) * 10.0).round() / 10.0)
}
