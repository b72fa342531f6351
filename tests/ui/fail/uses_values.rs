use chaos_runtime::prelude::*;

#[chaos_test(uses("aws:ec2:stop-instances", terminate, "ec2:stop", "aws:ec2:stop-instances", "EXT-1"))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
