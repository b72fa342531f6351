//! Choosing among containers: by name, label and compose project; some at random, always as many as asked for.

use chaos_container_tests::engine::docker;
use chaos_container_tests::found::Found;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, Verdict};
use chaos_runtime::target::container::{compose, label, name};
use chaos_runtime::target::{Container, Containers};
use chaos_tests::home::{Home, run};
use std::collections::BTreeSet;

/// Unique to one test run.
fn token() -> String {
    std::env::var("TOKEN").expect("set by the tests below")
}

fn names(containers: &Containers) -> Vec<String> {
    containers.iter().map(|one| one.target().trim_start_matches("container ").to_owned()).collect()
}

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(recovery <= 30s),
    warm_up = 100ms,
    baseline = 400ms,
    after = 200ms,
    bin = 100ms,
)]
#[ignore = "run by the tests below"]
async fn chosen(chaos: &mut Chaos) -> chaos::Result {
    let workers = chaos.containers(label(format!("app={}", token()))).await?;
    chaos.load(op(async |_| Ok::<_, std::io::Error>(())).rate(per_second(50))).await?;
    let two = workers.any(2)?;
    let one = workers.one();
    let share = workers.share(percent(50))?;
    println!("two {:?}\none {}\nshare {:?}", names(&two), one.target(), names(&share));
    // As a fault on both at once.
    chaos.inject(two.pause()).hold(secs(1)).await?;
    Ok(())
}

#[chaos_test(steady_state(success_rate >= 99%), hypothesis(recovery <= 30s), warm_up = 100ms, baseline = 300ms)]
#[ignore = "run by the tests below"]
async fn named(chaos: &mut Chaos) -> chaos::Result {
    let token = token();
    let all = chaos.containers(label("app").label(format!("app={token}"))).await?;
    assert_eq!(names(&all).len(), 4);
    let project = chaos.containers(compose(token.clone())).await?;
    assert_eq!(names(&project).len(), 2);
    let service = chaos.containers(compose(token.clone()).service("web")).await?;
    assert_eq!(names(&service).len(), 1);
    assert!(names(&project).contains(&names(&service)[0]), "asked for twice, one is still one target");
    let first = names(&all)[0].clone();
    assert_eq!(names(&chaos.containers(name(&first)).await?), [&*first]);
    let error = chaos.containers(name(&first[..first.len() - 1])).await.expect_err("a part of a name is no name");
    assert!(error.to_string().contains("no running container has name"), "{error}");
    let error = chaos.containers(compose(token).service("nothing")).await.expect_err("there is none");
    assert!(error.to_string().contains("docker ps"), "{error}");
    for error in [all.any(0), all.any(5), all.share(percent(0)), all.share(percent(101))] {
        assert!(error.expect_err("it can't be").help_text().is_some());
    }
    for (share, number) in [(1, 1), (25, 1), (50, 2), (75, 3), (100, 4)] {
        assert_eq!(all.share(percent(share)).expect("it can be").len(), number, "{share} %");
    }
    let group: Vec<&Container> = all.iter().collect();
    assert_eq!(Containers::from([group[0], group[3]]).any(2)?.len(), 2);
    // The steady state has nothing to say here.
    chaos.load(op(async |_| Ok::<_, std::io::Error>(())).rate(per_second(50))).await?;
    chaos.inject(all.pids_limit(50)).hold(millis(300)).await?;
    Ok(())
}

/// Four workers, of which two are of a compose project.
fn workers() -> (String, Vec<Found>) {
    let token = format!("t{:08x}", fastrand::u32(..));
    let app = format!("app={token}");
    let project = format!("com.docker.compose.project={token}");
    let web = ["--label", &app, "--label", &project, "--label", "com.docker.compose.service=web"];
    let db = ["--label", &app, "--label", &project, "--label", "com.docker.compose.service=db"];
    let plain = ["--label", &*app];
    (token.clone(), vec![Found::redis(&web), Found::redis(&db), Found::redis(&plain), Found::redis(&plain)])
}

fn with(mut command: std::process::Command, variables: &[(&str, &str)]) -> std::process::Command {
    command.envs(variables.iter().copied());
    command
}

fn pauses(since: &str, workers: &[Found]) -> BTreeSet<String> {
    let mut arguments = vec![
        "events",
        "--since",
        since,
        "--until",
        "0s",
        "--filter",
        "event=pause",
        "--format",
        "{{.Actor.Attributes.name}}",
    ];
    let filters: Vec<String> = workers.iter().map(|worker| format!("container={}", worker.name)).collect();
    filters.iter().for_each(|filter| arguments.extend(["--filter", filter]));
    docker(&arguments).lines().map(str::to_owned).collect()
}

#[test]
fn exactly_as_many_are_hit_as_were_asked_for_and_the_same_ones_for_the_same_seed() {
    let (token, workers) = workers();
    let mut drawn = BTreeSet::new();
    for seed in ["7", "7", "8", "9", "10"] {
        let home = Home::new();
        let since = format!("{:.3}", std::time::UNIX_EPOCH.elapsed().expect("it is not 1969").as_secs_f64());
        let ended = run(with(home.test("chosen"), &[("TOKEN", &token), ("CHAOS_SEED", seed)]));
        let journal: Journal = home.journal("chosen");
        assert_eq!(journal.verdict, Verdict::Passed, "{ended:?}");
        let hit = pauses(&since, &workers);
        assert_eq!(hit.len(), 2, "{hit:?}");
        for name in &hit {
            assert!(journal.faults[0].target.contains(&**name), "{:?} {hit:?}", journal.faults[0]);
        }
        let said: String = ended
            .output
            .lines()
            .filter(|line| ["two ", "one ", "share "].iter().any(|start| line.starts_with(start)))
            .collect();
        drawn.insert((seed, said));
        assert_eq!(home.left_behind(), [""; 0]);
    }
    // The same draw twice for 7; and not one and the same for all.
    assert_eq!(drawn.len(), 4, "{drawn:?}");
    let distinct: BTreeSet<&String> = drawn.iter().map(|(_, said)| said).collect();
    assert!(distinct.len() > 1, "{drawn:?}");
    for worker in &workers {
        assert_eq!(worker.inspect("{{.State.Status}}"), "running");
    }
}

#[test]
fn names_labels_and_compose_projects_mean_what_they_say() {
    let (token, workers) = workers();
    let home = Home::new();
    let ended = run(with(home.test("named"), &[("TOKEN", &token)]));
    assert_eq!(home.journal("named").verdict, Verdict::Passed, "{ended:?}");
    for worker in &workers {
        assert!(
            ["0", "<nil>", "<no value>"].contains(&&*worker.inspect("{{.HostConfig.PidsLimit}}")),
            "the limit is gone"
        );
        assert_eq!(worker.helpers(), "");
    }
}
