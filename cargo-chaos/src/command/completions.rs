//! `cargo chaos completions`.

use crate::context::Place;
use crate::output::{Plain, print, print_json};
use crate::status::Status;
use chaos_runtime::{Error, Result};
use clap_complete::Shell;
use serde_json::json;

/// What makes a shell complete `cargo chaos`.
///
/// For bash and fish the script completes `cargo chaos …` and `cargo-chaos …`, and leaves what the shell knows of other
/// commands of cargo as it is. In zsh cargo's own completion finds it. PowerShell and Elvish complete `cargo-chaos …`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo chaos completions bash > ~/.local/share/bash-completion/completions/cargo-chaos\n  \
    source <(cargo chaos completions bash)\n  \
    cargo chaos completions zsh > ~/.zfunc/_cargo-chaos\n  \
    cargo chaos completions fish > ~/.config/fish/completions/cargo-chaos.fish\n\n\
    Exit codes: 0 printed; 2 wrong usage.")]
pub(crate) struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
    /// How it is written: the script, or an object with it
    #[arg(long, value_enum, default_value_t)]
    format: Plain,
}

/// What the shell has for `cargo` itself goes on; behind `cargo chaos` ours takes over, as if called by its own name.
const BASH: &str = r#"
_cargo_chaos_after_cargo() {
    if [[ ${COMP_WORDS[1]-} == chaos && $COMP_CWORD -gt 1 ]]; then
        COMP_WORDS=(cargo-chaos "${COMP_WORDS[@]:2}")
        COMP_CWORD=$((COMP_CWORD - 1))
        _cargo_chaos cargo-chaos "$2" "$3"
    elif [[ -n ${_cargo_chaos_before-} ]]; then
        "$_cargo_chaos_before" "$@"
    fi
}
if ! complete -p cargo &>/dev/null && declare -F _completion_loader &>/dev/null; then
    _completion_loader cargo &>/dev/null || true
fi
_cargo_chaos_before=$(complete -p cargo 2>/dev/null | sed -n 's/.* -F \([^ ]*\) .*/\1/p')
if [[ $_cargo_chaos_before == _cargo_chaos_after_cargo ]]; then
    _cargo_chaos_before=
fi
complete -F _cargo_chaos_after_cargo -o bashdefault -o default cargo
"#;

/// fish asks itself what it would complete behind `cargo-chaos`.
const FISH: &str = r#"
complete -c cargo -n '__fish_seen_subcommand_from chaos' -f -a '(complete -C (string replace -r "^\s*cargo\s+chaos" cargo-chaos -- (commandline -cp)))'
"#;

impl Completions {
    pub(crate) fn run(&self, _place: &Place) -> Result<Status> {
        let mut script = Vec::new();
        // The generator for bash loses its way in names with a hyphen.
        let name = if self.shell == Shell::Bash { "cargo_chaos" } else { "cargo-chaos" };
        clap_complete::generate(self.shell, &mut crate::cli::command(name), name, &mut script);
        let mut script =
            String::from_utf8(script).map_err(|error| Error::new("the script is no text").caused_by(error))?;
        match self.shell {
            Shell::Bash => script = script.replace("default cargo_chaos\n", "default cargo-chaos\n") + BASH,
            Shell::Fish => script.push_str(FISH),
            _ => {}
        }
        match self.format {
            Plain::Text => print(&script)?,
            Plain::Json => print_json(&json!({ "shell": self.shell.to_string(), "script": script }))?,
        }
        Ok(Status::Fine)
    }
}
