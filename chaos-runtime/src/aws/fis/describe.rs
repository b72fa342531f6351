//! A plan in words, for previews.

use super::catalogue;
use super::stop::StopOn;
use super::{Action, Plan, selection::Scope, value::in_percent};
use std::fmt::Write as _;

impl Action {
    /// What it does to which resources, in one line; what is not known of it is said.
    pub fn describe(&self) -> String {
        let does = match self.entry() {
            Some(entry) => entry.does.to_owned(),
            None => {
                format!("runs `{}`, whose parameters and permissions are not known here and were not checked", self.id)
            }
        };
        let Some((_, resource_type)) = self.target() else { return does };
        let all = catalogue::resource_type(resource_type).map_or(resource_type, |known| known.plural);
        let mut by = Vec::new();
        let selection = &self.selection;
        by.extend(selection.arns.iter().map(|arn| format!("`{arn}`")));
        by.extend(selection.tags.iter().map(|(key, value)| format!("tagged `{key}={value}`")));
        by.extend(selection.parameters.iter().map(|(name, value)| format!("with {name} `{value}`")));
        by.extend(
            selection.filters.iter().map(|filter| format!("where {} is {}", filter.path, filter.values.join(" or "))),
        );
        by.extend(selection.zone.iter().map(|zone| format!("in {zone}")));
        let scope = match selection.scope {
            Scope::All => "all".to_owned(),
            Scope::Count(count) => count.to_string(),
            Scope::Share(share) => format!("{} %", in_percent(share)),
        };
        let by = if by.is_empty() { "chosen by nothing".to_owned() } else { by.join(", ") };
        format!("{does}: {scope} of the {all} {by}")
    }
}

impl Plan {
    /// What it does, a line for each action, its time and what stops it.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        for (name, action) in self.actions() {
            let _ = write!(text, "{name}: {}", action.describe());
            if let Some(lasts) = action.lasts().filter(|lasts| !lasts.is_zero()) {
                let _ = write!(text, ", for {}", crate::claim::display::duration(lasts));
            }
            if !action.after.is_empty() {
                let _ = write!(text, ", after {}", action.after.join(" and "));
            }
            text.push('\n');
        }
        match self.lasts() {
            Some(lasts) if lasts.is_zero() => {}
            Some(lasts) => _ = writeln!(text, "takes {} in all", crate::claim::display::duration(lasts)),
            None => text.push_str("takes a time that is not known\n"),
        }
        for condition in &self.stop_on {
            match condition {
                StopOn::Alarm(name) => _ = writeln!(text, "stopped by the alarm `{name}`"),
                StopOn::Nothing { because } => _ = writeln!(text, "stopped by nothing: {because}"),
            }
        }
        text
    }
}
