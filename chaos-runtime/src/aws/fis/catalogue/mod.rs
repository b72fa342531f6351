//! What is known of FIS actions: data, from the
//! [actions reference](https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html).

mod control;
mod data;
mod ebs;
mod ec2;
mod ecs;
mod eks;
mod entry;
mod lambda;
mod network;
mod permission;
mod rds;
mod resource_type;
mod ssm;
#[cfg(test)]
mod tests;

pub use entry::{Chosen, Entry, Kind, Parameter, Target};
pub use permission::{Condition, Permission};
pub use resource_type::{ResourceType, Zone};
pub(crate) use ssm::{Document, document};

/// The entries, a service's in a slice; ids are sorted within each.
const SERVICES: [&[Entry]; 10] = [
    control::ENTRIES,
    data::ENTRIES,
    ebs::ENTRIES,
    ec2::ENTRIES,
    ecs::ENTRIES,
    eks::ENTRIES,
    lambda::ENTRIES,
    network::ENTRIES,
    rds::ENTRIES,
    ssm::ENTRIES,
];

/// Every action that is known, by service.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    SERVICES.into_iter().flatten()
}

/// What is known of the action with this id.
pub fn find(id: &str) -> Option<&'static Entry> {
    entries().find(|entry| entry.id == id)
}

/// What is known of a resource type, such as `aws:ec2:instance`.
pub fn resource_type(name: &str) -> Option<&'static ResourceType> {
    resource_type::TYPES.iter().find(|known| known.name == name)
}
