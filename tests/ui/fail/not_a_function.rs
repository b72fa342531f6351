use chaos_runtime::prelude::*;

#[chaos_test]
struct Shop;

fn main() {}
