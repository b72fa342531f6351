/// What `redis-cli` answers; an error answer is an error.
async fn redis_cli(port: u16, command: &str) -> chaos::Result<String> {
    let (port, args) = (port.to_string(), command.split(' '));
    let called = tokio::process::Command::new("redis-cli").args(["-e", "-p", &port]).args(args).output().await;
    let output = called.map_err(|error| chaos::Error::new("failed to run `redis-cli`").caused_by(error))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        return Err(chaos::Error::new(format!("`{command}` failed: {}", String::from_utf8_lossy(&said).trim()))
            .help("is there a Redis on this port, and may it be configured?"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// How many writes this Redis has ever refused for want of memory: `errorstat_OOM:count=12`.
async fn refused_writes(port: u16) -> chaos::Result<u64> {
    let errors = redis_cli(port, "INFO errorstats").await?;
    let count = errors.lines().find_map(|line| line.strip_prefix("errorstat_OOM:count="));
    Ok(count.and_then(|count| count.trim().parse().ok()).unwrap_or(0))
}
