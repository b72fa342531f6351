//! How PostgreSQL in containers is logged in to.

use super::super::login::Login;
use super::PORT;
use std::time::Duration;
use tokio_postgres::Config;

/// How long a connection of ours may take to be made.
const CONNECT: Duration = Duration::from_secs(2);

/// The password; a cluster of containers always has one.
pub(super) fn password(login: &Login) -> &str {
    login.password.as_ref().map_or("", |password| &**password.expose())
}

/// For a connection of our own to `host`.
pub(super) fn config(login: &Login, host: &str, port: u16) -> Config {
    let mut config = Config::new();
    config.host(host).port(port).user(&login.user).password(password(login)).dbname(&login.database);
    config.connect_timeout(CONNECT).application_name("chaos-test");
    config
}

/// What a reader connects to its writer with. The password is in its environment.
pub(super) fn primary(login: &Login, host: &str) -> String {
    format!("host={host} port={PORT} user={} connect_timeout=2", login.user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[test]
    fn clients_read_a_url_with_any_password() {
        let password = Secret::new("p@ss:w/rd %#".to_owned());
        let login = Login { user: "app".into(), password: Some(password), database: "orders".into() };
        let read: Config = login.url("postgres", "127.0.0.1:4000").unwrap().parse().unwrap();
        assert_eq!(read.get_password(), Some(&b"p@ss:w/rd %#"[..]));
        assert_eq!((read.get_user(), read.get_dbname(), read.get_ports()), (Some("app"), Some("orders"), &[4000][..]));
    }
}
