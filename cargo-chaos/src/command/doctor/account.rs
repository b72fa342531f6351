//! AWS: credentials, the account, and what it lets be looked at.

use super::check::Check;
use chaos_runtime::machine::Settings;

const GROUP: &str = "aws";

/// `needed`: who needs it; `None`: it is looked at because somebody asked for it.
#[cfg(not(feature = "aws"))]
pub(super) fn checks(needed: Option<&str>, _: Option<&Settings>) -> Vec<Check> {
    let make = if needed.is_some() { Check::missing } else { Check::warning };
    let fix = "`cargo install --path ../chaos-test/cargo-chaos --features aws`";
    vec![
        make(GROUP, "AWS", "this cargo-chaos is built without its feature `aws`")
            .why(needed.unwrap_or_default())
            .fix(fix),
    ]
}

/// `needed`: who needs it; `None`: it is looked at because somebody asked for it.
#[cfg(feature = "aws")]
pub(super) fn checks(needed: Option<&str>, settings: Option<&Settings>) -> Vec<Check> {
    use chaos_runtime::machine;
    let why = needed.unwrap_or("asked for with --aws").to_owned();
    let is_needed = needed.is_some();
    let mut checks = Vec::new();
    match machine::credentials() {
        Ok(expiry) => {
            let until = expiry.map_or_else(|| "without an end".to_owned(), |end| format!("good until {end}"));
            checks.push(Check::ok(GROUP, "credentials", format!("found, {until}")).why(&why));
        }
        Err(error) => return vec![Check::because(GROUP, "credentials", is_needed, &error).why(why)],
    }
    let account = match machine::account(settings) {
        Ok(account) => account,
        Err(error) => {
            checks.push(Check::because(GROUP, "account", is_needed, &error).why(why));
            return checks;
        }
    };
    let rules = settings.and_then(Settings::aws);
    let allowed =
        if rules.is_some() { ", which chaos.toml allows" } else { "; no account may be harmed in this profile" };
    let emulator = account.emulator.as_ref().map(|url| format!("; an emulator at {url}")).unwrap_or_default();
    let found = format!("{} in {}{allowed}; {}{emulator}", account.account, account.region, account.arn);
    checks.push(Check::ok(GROUP, "account", found).why(&why));
    if let Some(switch) = &account.switched_off {
        let (found, fix) = switch.split_once("\nhelp: ").unwrap_or((switch, ""));
        checks.push(Check::warning(GROUP, "switches", found).why("nothing is harmed while one is off").fix(fix));
    }
    for (what, looked) in &account.looks {
        let why = "the guard rails ask before any harm";
        checks.push(match looked {
            Ok(0) if *what == "resources with the tag" => {
                let tag = rules.as_ref().map(|rules| format!("{}={}", rules.tag.0, rules.tag.1)).unwrap_or_default();
                Check::warning(GROUP, *what, format!("none carries {tag}")).why("nothing else is ever harmed").fix(format!(
                    "tag what may be harmed: `aws resourcegroupstaggingapi tag-resources --tags {tag} --resource-arn-list …`"
                ))
            }
            Ok(number) => Check::ok(GROUP, *what, format!("may be asked; {number} on the first page")).why(why),
            Err(error) => Check::because(GROUP, *what, is_needed, error).why(why),
        });
    }
    if let Some(rules) = rules {
        let why = "FIS takes it on for experiments that are built in code";
        checks.push(match rules.role {
            Some(role) => Check::ok(GROUP, "role of FIS", format!("{role} (FIS itself says whether it may be taken on)")).why(why),
            None => Check::warning(GROUP, "role of FIS", "chaos.toml names none").why(why).fix(
                "`cargo chaos policy` writes its policy and trust; name it in [profile.<profile>.aws] role, unless only templates run",
            ),
        });
    }
    checks
}
