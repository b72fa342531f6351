//! Whether this is a CI job, and which.

use super::check::Check;

const GROUP: &str = "ci";

pub(super) fn checks() -> Vec<Check> {
    vec![of(|name| std::env::var(name).ok().filter(|value| !value.is_empty() && value != "false"))]
}

fn of(env: impl Fn(&str) -> Option<String>) -> Check {
    let known = [
        (
            "GITHUB_ACTIONS",
            "GitHub Actions",
            "`cargo chaos report --format markdown >> \"$GITHUB_STEP_SUMMARY\"` shows the results on the job's page",
        ),
        (
            "GITLAB_CI",
            "GitLab CI",
            "`artifacts:reports:junit: target/chaos/junit.xml` shows the results in merge requests",
        ),
        ("BUILDKITE", "Buildkite", "keep target/chaos as an artifact"),
        ("CIRCLECI", "CircleCI", "`store_test_results` of target/chaos"),
        ("JENKINS_URL", "Jenkins", "the junit step reads target/chaos/junit.xml"),
        ("TF_BUILD", "Azure Pipelines", "PublishTestResults reads target/chaos/junit.xml"),
        ("CI", "a CI job", "keep target/chaos/junit.xml"),
    ];
    let why = "runners are shared machines: what they are late by stands under machine";
    match known.into_iter().find(|(variable, ..)| env(variable).is_some()) {
        Some((_, name, hint)) => Check::ok(GROUP, "CI", format!("{name}; {hint}")).why(why),
        None => Check::ok(GROUP, "CI", "none; `cargo chaos init --ci github` or `--ci gitlab` adds a job").why(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_known_by_its_variable() {
        let github = of(|name| ["CI", "GITHUB_ACTIONS"].contains(&name).then(|| "true".to_owned()));
        assert!(github.found.starts_with("GitHub Actions; ") && github.found.contains("GITHUB_STEP_SUMMARY"));
        assert!(of(|_| None).found.starts_with("none"));
    }
}
