use chaos_runtime::prelude::*;

pub fn claims() -> [chaos_runtime::claim::Claim; 4] {
    [
        slo!(p99 < 300),
        slo!(),
        slo!(p99 < 300ms, max < 1s),
        slo!(during(success_rate > 99% for 3s)),
    ]
}

fn main() {}
