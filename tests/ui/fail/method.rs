use chaos_runtime::prelude::*;

struct Shop;

impl Shop {
    #[chaos_test]
    async fn test(&self, _chaos: &mut Chaos) -> chaos::Result {
        Ok(())
    }
}

fn main() {}
