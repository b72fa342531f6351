fn paused_redis(port: u16) -> impl Held {
    fault("paused writes", async move || redis_cli(port, "CLIENT PAUSE 60000 WRITE").await)
        .target(format!("redis 127.0.0.1:{port}"))
        .undo(Undo::command("redis-cli", ["-e", "-p", &port.to_string(), "CLIENT", "UNPAUSE"]))
        .confirm(move || async move {
            let clients = redis_cli(port, "INFO clients").await?;
            let blocked = clients.lines().find_map(|line| line.strip_prefix("blocked_clients:"));
            let blocked = blocked.and_then(|count| count.trim().parse().ok()).unwrap_or(0);
            Ok::<_, chaos::Error>(Evidence::counted(blocked, format!("{blocked} writes wait")))
        })
}
