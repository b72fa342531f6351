//! A web server.

use crate::place::{Place, free_port};
use crate::program::{NGINX, OPENSSL, run};
use chaos_runtime::Chaos;
use chaos_runtime::target::{ProcessBuilder, Ready};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";

/// nginx, which gives what is in a directory and takes what is put into another.
#[derive(Debug)]
pub struct Nginx {
    place: Place,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Nginx {
    /// Starts it; it ends with the experiment.
    ///
    /// # Errors
    /// If it does not listen in time.
    pub async fn start(chaos: &Chaos) -> chaos_runtime::Result<Self> {
        Self::run(chaos, &[]).await
    }

    /// The same with TLS, under these names.
    ///
    /// # Errors
    /// If it does not listen in time.
    ///
    /// # Panics
    /// If no certificate can be made.
    pub async fn with_tls(chaos: &Chaos, names: &[&str]) -> chaos_runtime::Result<Self> {
        Self::run(chaos, names).await
    }

    async fn run(chaos: &Chaos, names: &[&str]) -> chaos_runtime::Result<Self> {
        let (place, port) = (Place::new(), free_port());
        for dir in ["www", "put/put", "body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            place.dir(dir);
        }
        let at = place.path().display().to_string();
        let (ssl, tls) = match names {
            [] => ("", String::new()),
            names => {
                certify(&place, names).await;
                ("ssl", format!("ssl_certificate {at}/{CERTIFICATE}; ssl_certificate_key {at}/{KEY};"))
            }
        };
        let config = format!(
            "daemon off; pid {at}/pid; error_log stderr; worker_processes 1;
            events {{ worker_connections 1024; }}
            http {{
                access_log off; default_type application/octet-stream; keepalive_timeout 60s; {tls}
                client_body_temp_path {at}/body; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/fastcgi;
                uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;
                server {{
                    listen 127.0.0.1:{port} {ssl}; root {at}/www;
                    location /put/ {{
                        root {at}/put; client_max_body_size 256m; dav_methods PUT; dav_access all:rw;
                    }}
                }}
            }}"
        );
        let config = place.file("nginx.conf", config);
        let mut command = NGINX.command();
        command.arg("-p").arg(place.path()).arg("-c").arg(config);
        chaos.process(ProcessBuilder::from(command).ready(Ready::port(port))).await?;
        Ok(Self { place, addr: ([127, 0, 0, 1], port).into() })
    }

    /// The file of its certificate, which is its own authority.
    pub fn certificate(&self) -> PathBuf {
        self.place.path().join(CERTIFICATE)
    }

    /// Has it give this content under `/name`.
    pub fn give(&self, name: &str, content: &[u8]) {
        self.place.file(&format!("www/{name}"), content);
    }

    /// What was put to `/put/name`.
    pub fn taken(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.place.path().join("put/put").join(name)).ok()
    }

    /// A file for a client to send or to use.
    pub fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        self.place.file(name, content)
    }
}

/// Makes a certificate for these names.
async fn certify(place: &Place, names: &[&str]) {
    let mut make = OPENSSL.command();
    make.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]);
    make.args(["-subj", &format!("/CN={}", names[0])]);
    let alternatives: Vec<_> = names.iter().map(|name| format!("DNS:{name}")).collect();
    make.args(["-addext", &format!("subjectAltName={}", alternatives.join(","))]);
    make.arg("-out").arg(place.path().join(CERTIFICATE)).arg("-keyout").arg(place.path().join(KEY));
    let made = run(make, &[], Duration::from_secs(30)).await;
    assert_eq!(made.code, Some(0), "openssl req: {}", made.err);
}
