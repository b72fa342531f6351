//! `cargo chaos report`.

mod rendered;
mod sources;

use crate::context::Place;
use crate::output::print;
use crate::status::Status;
use chaos_runtime::report::{Gathered, JunitProfile, Style};
use chaos_runtime::{Error, Result};
pub(crate) use rendered::Runs;
use rendered::rendered;
use std::path::{Path, PathBuf};

/// Show runs: as text, page, Markdown, JUnit or JSON, from their journals.
///
/// Without paths it is the newest run. Paths are run folders, roots of reports (`target/chaos`), single journals, ids of
/// runs, or folders into which the artifacts of several machines were downloaded: everything below them is put
/// together. What is found twice counts once; where two records of one experiment differ, both are shown and it is said.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo chaos report\n  \
    cargo chaos report --open\n  \
    cargo chaos report 20261122-101500-4711 --format markdown\n  \
    cargo chaos report artifacts/ --output report.html\n  \
    cargo chaos report shard-1 shard-2 --format junit --output junit.xml\n  \
    cargo chaos report --format junit --junit surefire --output surefire-reports\n\n\
    Exit codes: 0 rendered, whatever the verdicts (`run` and `cargo test` tell those); 1 rendered, but records were \
    unreadable or contradict each other; 2 wrong usage; 3 there is nothing to render.")]
pub(crate) struct Report {
    /// Run folders, roots of reports, journals, ids of runs [default: the newest run]
    #[arg(value_name = "PATH|RUN")]
    paths: Vec<PathBuf>,
    /// Open it with the program that this machine has for it
    #[arg(long)]
    open: bool,
    /// Write it to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// As what [default: what the output's name says; html with --open; else text]
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,
    /// With --format junit: in which shape; with `surefire` the output is a folder
    #[arg(long, value_enum, value_name = "SHAPE", default_value_t)]
    junit: JunitShape,
}

/// What a JUnit file is to look like: what one schema demands another forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum JunitShape {
    /// Valid against Jenkins' and Ant's schemas at once
    #[default]
    Strict,
    /// As cargo-nextest writes it: totals, instants with zone, reruns
    Nextest,
    /// A file for each experiment, as Maven's Surefire writes it, with reruns
    Surefire,
}

impl From<JunitShape> for JunitProfile {
    fn from(shape: JunitShape) -> Self {
        match shape {
            JunitShape::Strict => Self::Strict,
            JunitShape::Nextest => Self::Nextest,
            JunitShape::Surefire => Self::Surefire,
        }
    }
}

/// As what runs are rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ReportFormat {
    /// A page for browsers, whole in one file
    Html,
    /// For pull requests and job pages
    Markdown,
    /// For CI servers
    Junit,
    /// The journals
    Json,
    /// As the tests print it
    Text,
}

impl Report {
    pub(crate) fn run(&self, place: &Place) -> Result<Status> {
        let gathered = sources::gathered(&self.paths, place)?;
        for why in gathered.unreadable.iter().chain(&gathered.conflicts) {
            eprintln!("warning: {why}");
        }
        let format = self.format();
        let output = self.output.clone().or_else(|| {
            // A page is nothing to read in a terminal, and a program can only open files.
            let file = self.open || format == ReportFormat::Html;
            file.then(|| gathered.runs.first().map(|run| run.path.join(format.file_name())))?
        });
        if format == ReportFormat::Junit && self.junit == JunitShape::Surefire {
            surefire(&gathered, output.as_deref())?;
            return Ok(Status::of(gathered.unreadable.is_empty() && gathered.conflicts.is_empty()));
        }
        let style = if output.is_some() { Style::PLAIN } else { Style::for_stdout() };
        let text = rendered(&gathered, format, self.junit, style)?;
        match &output {
            None => print(&text)?,
            Some(path) => {
                write(path, &text)?;
                print(&format!("{}\n", path.display()))?;
                if self.open {
                    open::that_detached(path).map_err(|error| {
                        Error::new(format!("can't open {}", path.display()))
                            .caused_by(error)
                            .help("it is written; open it by hand")
                    })?;
                }
            }
        }
        Ok(Status::of(gathered.unreadable.is_empty() && gathered.conflicts.is_empty()))
    }

    fn format(&self) -> ReportFormat {
        let named = self.output.as_ref().and_then(|path| path.extension()?.to_str()).and_then(|end| match end {
            "html" | "htm" => Some(ReportFormat::Html),
            "md" | "markdown" => Some(ReportFormat::Markdown),
            "xml" => Some(ReportFormat::Junit),
            "json" => Some(ReportFormat::Json),
            "txt" => Some(ReportFormat::Text),
            _ => None,
        });
        let open = self.open.then_some(ReportFormat::Html);
        self.format.or(named).or(open).unwrap_or(ReportFormat::Text)
    }
}

impl ReportFormat {
    /// What the file is called where nobody says.
    fn file_name(self) -> &'static str {
        match self {
            Self::Html => "report.html",
            Self::Markdown => "report.md",
            Self::Junit => "report.xml",
            // A name on which no reader of journals stumbles.
            Self::Json => "report.json.txt",
            Self::Text => "report.txt",
        }
    }
}

/// A file for each experiment, and its path for whoever collects them.
fn surefire(gathered: &Gathered, folder: Option<&Path>) -> Result {
    let folder = folder.ok_or_else(|| {
        Error::new("reports in Surefire's shape are several files").help("name their folder: --output surefire-reports")
    })?;
    std::fs::create_dir_all(folder)
        .map_err(|error| Error::new(format!("can't make {}", folder.display())).caused_by(error))?;
    for file in gathered.merged().junit(JunitProfile::Surefire) {
        let path = folder.join(&file.name);
        write(&path, &file.xml)?;
        print(&format!("{}\n", path.display()))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result {
    std::fs::write(path, text).map_err(|error| Error::new(format!("can't write {}", path.display())).caused_by(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_what_was_asked_for_or_what_the_name_says() {
        let of = |output: Option<&str>, open, format| {
            Report { paths: vec![], open, output: output.map(PathBuf::from), format, junit: JunitShape::Strict }
                .format()
        };
        assert_eq!(of(None, false, None), ReportFormat::Text);
        assert_eq!(of(None, true, None), ReportFormat::Html);
        assert_eq!(of(Some("a.md"), false, None), ReportFormat::Markdown);
        assert_eq!(of(Some("junit.xml"), true, None), ReportFormat::Junit);
        assert_eq!(of(Some("a.md"), false, Some(ReportFormat::Json)), ReportFormat::Json);
        assert_eq!(of(Some("report"), false, None), ReportFormat::Text);
    }
}
