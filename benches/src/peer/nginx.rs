//! nginx in one process, which answers `ok`; where it is missing, the small server of our own.

use crate::bench::{Bench, Side, await_listener, find, free_port};
use crate::process::Child;

/// A server and its address.
pub(crate) fn start(bench: &Bench) -> Result<(Child, String), String> {
    let Some(nginx) = find("nginx") else {
        eprintln!("  nginx: not installed; the server is one of our own");
        return bench.serve(Side::Server, &["serve", "0"]);
    };
    let address = format!("127.0.0.1:{}", free_port()?);
    let folder = bench.scratch.display();
    let config = format!(
        "daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log error;
worker_rlimit_nofile 40000;
events {{ worker_connections 30000; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s;
  client_body_temp_path {folder}/nginx-1; proxy_temp_path {folder}/nginx-2; fastcgi_temp_path {folder}/nginx-3;
  uwsgi_temp_path {folder}/nginx-4; scgi_temp_path {folder}/nginx-5;
  server {{ listen {address} backlog=4096; location / {{ return 200 \"ok\\n\"; }} }}
}}\n"
    );
    let file = bench.scratch.join("nginx.conf");
    std::fs::write(&file, config).map_err(|error| error.to_string())?;
    let log = bench.scratch.join("nginx.log");
    let args = ["-e", &log.to_string_lossy(), "-c", &file.to_string_lossy()];
    let child = Child::start(bench.program(Side::Server, &nginx, &args))?;
    await_listener(&address)?;
    Ok((child, address))
}
