//! Running a command in a container.

use super::engine::{Engine, EngineError};
use crate::{Error, Result};
use futures_util::StreamExt;
use testcontainers::bollard::container::LogOutput;
use testcontainers::bollard::exec::{StartExecOptions, StartExecResults};
use testcontainers::bollard::models::ExecConfig;

/// How much of the output is kept, in bytes.
const KEPT: usize = 1 << 20;

/// How a command in a container ended.
#[derive(Debug)]
pub(crate) struct Ended {
    command: String,
    pub(crate) code: i64,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) async fn exec(engine: &Engine, id: &str, command: &[String]) -> Result<Ended, EngineError> {
    let words = command.first().map_or("", String::as_str);
    let what = format!("run `{words}` in container {id}");
    let config = ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(command.to_vec()),
        ..ExecConfig::default()
    };
    let docker = engine.docker();
    let made = engine.call(what.as_str(), docker.create_exec(id, config)).await?;
    let ended = async {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let started = docker.start_exec(&made.id, None::<StartExecOptions>).await?;
        if let StartExecResults::Attached { mut output, .. } = started {
            while let Some(piece) = output.next().await {
                let (kept, bytes) = match piece? {
                    LogOutput::StdErr { message } => (&mut stderr, message),
                    LogOutput::StdOut { message } | LogOutput::StdIn { message } | LogOutput::Console { message } => {
                        (&mut stdout, message)
                    }
                };
                let room = KEPT.saturating_sub(kept.len()).min(bytes.len());
                kept.extend_from_slice(&bytes[..room]);
            }
        }
        let inspected = docker.inspect_exec(&made.id).await?;
        Ok(Ended {
            command: command.join(" "),
            code: inspected.exit_code.unwrap_or(-1),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        })
    };
    engine.call(what.as_str(), ended).await
}

impl Ended {
    /// What it wrote to standard output, if it ended well.
    pub(crate) fn success(self) -> Result<String> {
        if self.code == 0 {
            return Ok(self.stdout);
        }
        let said = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        let said = said.trim();
        let from = said.char_indices().rev().nth(999).map_or(0, |(at, _)| at);
        let colon = if said.is_empty() { "" } else { ": " };
        Err(Error::new(format!("`{}` ended with exit code {}{colon}{}", self.command, self.code, &said[from..])))
    }
}
