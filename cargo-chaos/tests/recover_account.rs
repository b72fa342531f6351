//! `cargo chaos recover` with an account of AWS, which is an emulator's.

#![cfg(target_os = "linux")]

mod support;

use chaos_aws_tests::experiments::{Template, start, status, templates};
use chaos_aws_tests::staging::Staging;
use serde_json::json;
use support::{Ended, Home};

const HOUR: [(&str, &str); 1] = [("duration", "PT1H")];

/// `cargo chaos <line>` where `chaos.toml` allows the account.
fn chaos(staging: &Staging, home: &Home, line: &str) -> Ended {
    let mut command = home.chaos(line);
    command.current_dir(home.path());
    staging.world.settle(&mut command);
    tokio::task::block_in_place(|| support::ended(command))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_in_an_account_is_shown_and_ended_and_nothing_else_is() {
    let staging = Staging::new().await;
    let world = &staging.world;
    world.set(json!({"speed": 1})).await;
    let home = Home::new();
    std::fs::write(home.path().join("chaos.toml"), staging.config()).unwrap();
    let of = |expires| {
        [
            ("chaos-test.experiment", "token"),
            ("chaos-test.run", "run"),
            ("chaos-test.test", "shop::survives"),
            ("chaos-test.owner", "elsewhere-pid:1/1/1"),
            ("chaos-test.expires", expires),
        ]
    };
    let expired = of("2020-01-01T00:00:00Z");
    let ours = Template::waits(&HOUR, &expired).create(world, "ours").await;
    let our_experiment = start(world, &ours, "ours", &expired).await;
    let running = of("2999-01-01T00:00:00Z");
    let foreign = Template::waits(&HOUR, &running).create(world, "foreign").await;
    let foreign_experiment = start(world, &foreign, "foreign", &running).await;
    world.forget().await;

    let shown = chaos(&staging, &home, "recover --no-docker --profile staging --format json").with(1).valid("recover");
    let told: Vec<_> = shown["items"].as_array().unwrap().iter().collect();
    assert_eq!((told.len(), &shown["left"]), (2, &2.into()), "{shown:#}");
    for (item, id) in told.iter().zip([&our_experiment, &ours]) {
        assert_eq!((&item["place"], &item["state"]), (&"account".into(), &"left".into()));
        assert_eq!(item["experiment"], "shop::survives");
        for key in ["target", "by_hand"] {
            assert!(item[key].as_str().unwrap().contains(id.as_str()), "{id}: {item:#}");
        }
    }
    assert!(world.calls().await.iter().all(|call| !call.mutating), "showing changes nothing");

    let undone = chaos(&staging, &home, "recover --no-docker --profile staging --undo").with(0).out;
    assert!(undone.contains(&our_experiment) && undone.contains("nothing is left behind"), "{undone}");
    let ended: Vec<_> = world.calls().await.into_iter().filter(|call| call.mutating).map(|call| call.path).collect();
    assert_eq!(ended, [format!("/experiments/{our_experiment}"), format!("/experimentTemplates/{ours}")]);
    assert_eq!(templates(world).await, [foreign]);
    assert!(status(world, &foreign_experiment).await.as_str() == "running");
    chaos(&staging, &home, "recover --no-docker --profile staging").with(0);
}
