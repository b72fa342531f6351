use super::super::actions;
use super::entry::Kind;
use super::*;
use std::collections::BTreeSet;

#[test]
fn ids_are_unique_and_sorted_within_a_service() {
    for entries in SERVICES {
        let ids: Vec<&str> = entries.iter().map(|entry| entry.id).collect();
        assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    }
    let all: BTreeSet<&str> = entries().map(|entry| entry.id).collect();
    assert_eq!(all.len(), entries().count());
    assert!(all.len() >= 50, "the actions of FIS: {}", all.len());
}

#[test]
fn every_action_has_a_constructor_and_every_constructor_an_action() {
    let constructed: BTreeSet<&str> = actions::names().map(|(_, id)| id).collect();
    let known: BTreeSet<&str> = entries().map(|entry| entry.id).collect();
    assert_eq!(constructed, known);
    let names: BTreeSet<&str> = actions::names().map(|(name, _)| name).collect();
    assert_eq!(names.len(), actions::names().count(), "a name stands for one action");
}

#[test]
fn targets_are_of_known_types() {
    let names: Vec<&str> = resource_type::TYPES.iter().map(|known| known.name).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    for entry in entries() {
        let Some(target) = entry.target else { continue };
        assert!(resource_type(target.resource_type).is_some(), "{}: {}", entry.id, target.resource_type);
        assert!(target.key.starts_with(|first: char| first.is_ascii_uppercase()), "{}", entry.id);
    }
    for known in names {
        let used = entries().any(|entry| entry.target.is_some_and(|target| target.resource_type == known));
        assert!(used, "{known} is of no action");
    }
}

#[test]
fn what_says_how_long_an_action_lasts_is_a_duration() {
    for entry in entries() {
        let names: BTreeSet<&str> = entry.parameters.iter().map(|parameter| parameter.name).collect();
        assert_eq!(names.len(), entry.parameters.len(), "{}", entry.id);
        if let Some(name) = entry.lasts {
            let parameter = entry.parameters.iter().find(|parameter| parameter.name == name);
            assert!(matches!(parameter.map(|known| known.kind), Some(Kind::Duration { .. })), "{}: {name}", entry.id);
        }
        for parameter in entry.parameters.iter().filter(|parameter| parameter.name == "duration") {
            assert!(parameter.required && entry.lasts == Some("duration"), "{}", entry.id);
        }
    }
}

#[test]
fn permissions_name_an_action_and_where_it_is_allowed() {
    for entry in entries() {
        for Permission { action, resources, condition } in entry.permissions {
            let (service, operation) = action.split_once(':').expect(action);
            assert!(service.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{action}");
            assert!(operation.starts_with(|first: char| first.is_ascii_uppercase()), "{action}");
            assert!(!resources.is_empty(), "{action}");
            let arns = resources.iter().all(|arn| arn.starts_with("arn:{partition}:") || *arn == "{fis_config}*");
            assert!(*resources == ["*"] || arns, "{action}: {resources:?}");
            if *condition == Condition::RequiredTag("aws:ResourceTag/") {
                assert_ne!(*resources, ["*"], "{action}");
            }
        }
        // Waiting, and what Kubernetes itself allows.
        let free = ["aws:fis:wait", "aws:eks:inject-kubernetes-custom-resource"].contains(&entry.id);
        assert_eq!(entry.permissions.is_empty(), free, "{}", entry.id);
    }
}

#[test]
fn documents_are_sorted_and_found() {
    let names: Vec<&str> = ssm::DOCUMENTS_OF_FIS.iter().map(|known| known.name).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    assert!(names.iter().all(|name| document(name).is_some()));
}
