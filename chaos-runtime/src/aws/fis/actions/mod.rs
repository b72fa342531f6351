//! A constructor for each action, with what it cannot do without.

mod control;
mod data;
mod ebs;
mod ec2;
mod ecs;
mod eks;
mod instance;
mod lambda;
mod network;
mod rds;
mod ssm;

/// Writes constructors of `Action`, and their names with the ids they stand for, which the generated policies are
/// made from.
macro_rules! actions {
    ($($(#[$doc:meta])* $id:literal => pub fn $name:ident($($argument:ident: $type:ty),*) -> Self $body:block)*) => {
        impl $crate::aws::fis::Action {
            $($(#[$doc])* pub fn $name($($argument: $type),*) -> Self $body)*
        }

        impl $crate::aws::fis::Fis {
            $($(#[$doc])* pub fn $name(&self, $($argument: $type),*) -> $crate::aws::fis::FisAction {
                self.action($crate::aws::fis::Action::$name($($argument),*))
            })*
        }

        /// Constructors and the ids of their actions.
        pub(super) const NAMES: &[(&str, &str)] = &[$((stringify!($name), $id)),*];
    };
}
use actions;

const NAMES: [&[(&str, &str)]; 11] = [
    control::NAMES,
    data::NAMES,
    ebs::NAMES,
    ec2::NAMES,
    ecs::NAMES,
    eks::NAMES,
    instance::NAMES,
    lambda::NAMES,
    network::NAMES,
    rds::NAMES,
    ssm::NAMES,
];

/// The constructors' names with the ids of their actions.
pub(crate) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    NAMES.into_iter().flatten().copied()
}
