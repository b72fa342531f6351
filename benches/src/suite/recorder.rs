//! What it costs to record an operation, the reading of clocks apart.

use crate::bench::{Bench, Side};
use crate::process::Child;
use crate::reading::Reading;
use crate::row::{Row, Target};
use crate::series::{Contestant, alternate};

pub(super) fn run(bench: &Bench) -> Result<Vec<Row>, String> {
    let operations = if bench.quick { "1000000" } else { "10000000" };
    let time = Contestant::new("ours", || bench.ask(Side::Measured, &["recorder", operations]));
    let allocations = |workload: &'static str| {
        Contestant::new(workload, move || {
            let counts = std::env::current_exe().map_err(|error| error.to_string())?.with_file_name("counts");
            let command = bench.program(Side::Measured, &counts, &["allocations", workload]);
            Reading::parse(&Child::start(command)?.end()?.output)
        })
    };
    let time = alternate(bench.repeats, vec![time]).remove(0);
    let counted = alternate(1, vec![allocations("record"), allocations("arrival-to-record")]);
    let key = "allocations_per_operation";
    Ok(vec![
        Row::absolute("arrival noted and answer recorded, ns", &time, "ns", Target::AtMost(15.0)),
        Row::absolute("allocations per operation, recorder", &counted[0], key, Target::AtMost(0.001)),
        Row::absolute("allocations per operation, arrival to record", &counted[1], key, Target::AtMost(0.001)),
    ])
}
