//! The images under test, as users name them. Where no registry is reached, `CHAOS_IMAGE_…` names those of `images/build`.

use chaos_runtime::testcontainers::core::WaitFor;
use chaos_runtime::testcontainers::{GenericImage, ImageExt};

/// Redis 7.
pub fn redis() -> GenericImage {
    GenericImage::new("redis", "7").with_wait_for(WaitFor::message_on_stdout("Ready to accept connections"))
}

/// nginx with its welcome page.
pub fn nginx() -> GenericImage {
    GenericImage::new("nginx", "1").with_wait_for(WaitFor::seconds(0))
}

/// PostgreSQL 17 (user, password and database are `app`).
pub fn postgres() -> chaos_runtime::testcontainers::ContainerRequest<GenericImage> {
    GenericImage::new("postgres", "17")
        .with_wait_for(WaitFor::message_on_stderr("database system is ready to accept connections"))
        .with_env_var("POSTGRES_USER", "app")
        .with_env_var("POSTGRES_PASSWORD", "app")
        .with_env_var("POSTGRES_INITDB_ARGS", "--no-sync")
}
