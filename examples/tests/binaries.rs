//! The demo services as processes, before anything harms them.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// A process that ends with the test.
struct Running {
    child: Child,
    addr: String,
}

impl Running {
    fn start(binary: &str, flags: &[String]) -> Self {
        let mut child = Command::new(binary).args(flags).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("it prints");
        let addr = line.trim().strip_prefix("listening on ").expect("its address").to_owned();
        Self { child, addr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_binaries_make_a_shop() {
    let inventory = Running::start(env!("CARGO_BIN_EXE_inventory"), &["--port=0".into()]);
    let prices = Running::start(env!("CARGO_BIN_EXE_prices"), &["--port=0".into()]);
    let upstreams = [format!("--inventory={}", inventory.addr), format!("--prices={}", prices.addr)];
    let shop = Running::start(env!("CARGO_BIN_EXE_shop"), &upstreams);
    let get = async || reqwest::get(format!("http://{}/checkout", shop.addr)).await.expect("an answer");
    // It waits for no upstream longer than a second, which a busy machine may take now and then.
    let buy = async || {
        let mut answer = get().await;
        for _ in 0..20 {
            if answer.status() == 200 {
                break;
            }
            answer = get().await;
        }
        answer
    };

    let sold = buy().await;
    assert_eq!(sold.status(), 200);
    assert_eq!(sold.json::<serde_json::Value>().await.unwrap()["in_stock"], 7);

    drop(prices);
    assert_eq!(buy().await.status(), 200, "sells at the last known price");
    drop(inventory);
    assert_eq!(get().await.status(), 503, "sells nothing that may not be there");
}
