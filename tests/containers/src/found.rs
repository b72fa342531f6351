//! Containers that were there before a test: started by the engine's own client, looked at, removed when dropped.

use crate::engine::docker;

/// The image of a name as users give it, or the one that stands in for it.
pub fn image(name: &str, variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| name.to_owned())
}

/// A container that the experiments find.
#[derive(Debug)]
pub struct Found {
    /// Its name.
    pub name: String,
}

impl Found {
    /// Redis, with these options of `docker run`.
    pub fn redis(options: &[&str]) -> Self {
        Self::start(&image("redis:7", "CHAOS_IMAGE_REDIS"), options, &["PONG", "redis-cli", "ping"])
    }

    /// nginx.
    pub fn nginx(options: &[&str]) -> Self {
        Self::start(&image("nginx:1", "CHAOS_IMAGE_NGINX"), options, &["Welcome", "curl", "-s", "http://127.0.0.1/"])
    }

    /// PostgreSQL.
    pub fn postgres(options: &[&str]) -> Self {
        let options = [&["-e", "POSTGRES_PASSWORD=app"], options].concat();
        let ready = ["1", "psql", "-h", "127.0.0.1", "-U", "postgres", "-Atc", "select 1"];
        let ready = [&ready[..1], &["env", "PGPASSWORD=app"], &ready[1..]].concat();
        Self::start(&image("postgres:17", "CHAOS_IMAGE_POSTGRES"), &options, &ready)
    }

    /// Starts it and waits until a command in it says something.
    fn start(image: &str, options: &[&str], ready: &[&str]) -> Self {
        let name = format!("chaos-found-{:08x}", fastrand::u32(..));
        let found = Self { name };
        let front = ["run", "-d", "--name", &found.name, "--label", "chaos-container-tests=found"];
        docker(&[&front, options, &[image]].concat());
        for _ in 0..1_200 {
            let exec = [&["exec", &found.name], &ready[1..]].concat();
            let said = std::process::Command::new("docker").args(exec).output().expect("the docker client is there");
            if String::from_utf8_lossy(&said.stdout).contains(ready[0]) {
                return found;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("{image} is not ready: {}", docker(&["logs", &found.name]));
    }

    /// What the engine says of it.
    pub fn inspect(&self, format: &str) -> String {
        docker(&["inspect", &self.name, "--format", format])
    }

    /// A command in it that must succeed.
    pub fn exec(&self, command: &[&str]) -> String {
        docker(&[&["exec", &self.name], command].concat())
    }

    /// All that faults change, as the engine and the kernel have it. Which life it is in: only if `life`.
    pub fn condition(&self, life: bool) -> String {
        let state = if life { "{{.State.StartedAt}} " } else { "" };
        let networks = "{{range $name, $e := .NetworkSettings.Networks}}{{$name}} {{$e.IPAddress}} {{$e.Aliases}} {{$e.Links}} {{end}}";
        let engine = self.inspect(&format!("{{{{.State.Status}}}} {state}{{{{.HostConfig.NanoCpus}}}} {networks}"));
        // Version 2 of cgroups, or version 1.
        let limits = "cd /sys/fs/cgroup; cat cpu.max memory.max memory.swap.max pids.max cpu/cpu.cfs_quota_us memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes pids/pids.max 2>/dev/null; find / -xdev -name '.chaos*' 2>/dev/null; cat /proc/1/oom_score_adj; true";
        let kernel = self.exec(&["sh", "-c", limits]);
        let tools = image("nicolaka/netshoot:v0.13", "CHAOS_IMAGE_NICOLAKA_NETSHOOT");
        let network = format!("container:{}", self.name);
        let look = "iptables-save -t filter; ip6tables-save -t filter; tc qdisc; tc filter show dev eth0 parent ffff:; ip -o link | sed 's/ *[0-9]*: \\([^:@]*\\).*/\\1/'";
        let run = [
            "run",
            "--rm",
            "--network",
            &network,
            "--cap-add",
            "NET_ADMIN",
            "--label",
            "chaos-container-tests=look",
            &tools,
        ];
        let rules = docker(&[&run, &["sh", "-c", &format!("{{ {look}; }} 2>/dev/null")][..]].concat());
        // Empty tables appear when they are first looked at.
        // An interface that has been away has another number.
        let rules = (0..9).fold(rules, |text, number| text.replace(&format!("eth{number}"), "eth"));
        let rules: Vec<&str> = rules
            .lines()
            .filter(|line| {
                !["#", "*", ":INPUT", ":OUTPUT", ":FORWARD", "COMMIT"].iter().any(|start| line.starts_with(start))
            })
            .collect();
        let processes = docker(&["top", &self.name, "-eo", "pid,args"]);
        let named =
            processes.lines().skip(1).filter_map(|line| line.trim().split_once(' ').map(|(_, name)| name.trim()));
        // It comes and goes.
        let mut processes: Vec<&str> = named.filter(|name| !name.contains("autovacuum worker")).collect();
        processes.sort_unstable();
        let processes = processes.join("\n");
        // On the engine's default network each life has the address that is free.
        let engine = engine.split(' ').map(|word| if !life && word.starts_with("172.") { "address" } else { word });
        let engine = engine.collect::<Vec<_>>().join(" ");
        format!("{engine}\n{kernel}\n{}\n{processes}", rules.join("\n"))
    }

    /// Helpers that still stand beside it.
    pub fn helpers(&self) -> String {
        let id = self.inspect("{{.Id}}");
        docker(&["ps", "-aq", "--filter", &format!("label=chaos-test.helper-of={id}")])
    }
}

impl Drop for Found {
    fn drop(&mut self) {
        let _ = std::process::Command::new("docker").args(["rm", "-fv", &self.name]).output();
    }
}
