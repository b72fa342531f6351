//! Who logs in to a cluster, and the URLs that say so.

use crate::{Error, Result, Secret};

/// User, password and database of a cluster.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) user: String,
    /// `None`: clients log in some other way.
    pub(super) password: Option<Secret>,
    pub(super) database: String,
}

impl Login {
    /// `postgres://user:password@host:4000/database`
    pub(super) fn url(&self, scheme: &str, host_and_port: &str) -> Result<String> {
        let wrong =
            || Error::new(format!("no URL can be made of {host_and_port}, the user `{}` and its password", self.user));
        let mut url =
            reqwest::Url::parse(&format!("{scheme}://{host_and_port}/{}", self.database)).map_err(|_| wrong())?;
        url.set_username(&self.user).map_err(|()| wrong())?;
        url.set_password(self.password.as_ref().map(|password| &**password.expose())).map_err(|()| wrong())?;
        Ok(url.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_takes_any_password() {
        let password = Secret::new("p@ss:w/rd %#".to_owned());
        let login = Login { user: "app".into(), password: Some(password), database: "orders".into() };
        let url = login.url("postgres", "127.0.0.1:4000").unwrap();
        assert_eq!(url, "postgres://app:p%40ss%3Aw%2Frd%20%%23@127.0.0.1:4000/orders");
        let url = login.url("mysql", "pay.cluster-x.eu-central-1.rds.amazonaws.com:3306").unwrap();
        assert!(url.ends_with("@pay.cluster-x.eu-central-1.rds.amazonaws.com:3306/orders"), "{url}");
        let url = Login { password: None, ..login }.url("postgres", "127.0.0.1:4000").unwrap();
        assert_eq!(url, "postgres://app@127.0.0.1:4000/orders");
    }
}
