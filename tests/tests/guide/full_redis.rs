use chaos_runtime::fault::{Held, InjectCx};
use chaos_runtime::prelude::*;

/// A Redis that is full: it answers every write with an error that begins with `OOM`.
struct FullRedis {
    port: u16,
    limit_before: String,
    refused_before: u64,
}

impl Fault for FullRedis {
    fn describe(&self) -> String {
        "full memory".into()
    }
    fn target(&self) -> String {
        format!("redis 127.0.0.1:{}", self.port)
    }
    async fn prepare(&mut self, _cx: &InjectCx) -> chaos::Result {
        let limit = redis_cli(self.port, "CONFIG GET maxmemory").await?;
        self.limit_before = limit.lines().nth(1).unwrap_or("0").into();
        self.refused_before = refused_writes(self.port).await?;
        Ok(())
    }
    fn undo(&self) -> Undo {
        let command = format!("-e -p {} CONFIG SET maxmemory {}", self.port, self.limit_before);
        Undo::command("redis-cli", command.split(' '))
    }
    async fn inject(&mut self, _cx: &InjectCx) -> chaos::Result {
        redis_cli(self.port, "CONFIG SET maxmemory 1").await.map(drop)
    }
    async fn evidence(&mut self) -> chaos::Result<Evidence> {
        let refused = refused_writes(self.port).await?.saturating_sub(self.refused_before);
        Ok(Evidence::counted(refused, format!("{refused} writes refused")))
    }
}

impl Held for FullRedis {}
