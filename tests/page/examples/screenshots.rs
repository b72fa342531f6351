//! Pictures of pages for people to judge: `cargo run -p chaos-page-tests --example screenshots -- DIR [page.html …]`.
//!
//! Without pages it takes the tests' own journals, one of each ending.

use chaos_page_tests::{Browser, Look, hour, many, page_of, realistic, two_loads};
use std::path::{Path, PathBuf};

fn main() {
    let mut args = std::env::args().skip(1).map(PathBuf::from);
    let dir = args.next().expect("usage: screenshots DIR [page.html …]");
    std::fs::create_dir_all(&dir).expect("a folder for pictures");
    let mut browser = Browser::start(&std::env::temp_dir());
    let given: Vec<PathBuf> = args.collect();
    let pages: Vec<(String, String)> = if given.is_empty() {
        own()
    } else {
        let read = |path: &PathBuf| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            (stem, std::fs::read_to_string(path).expect("a page"))
        };
        given.iter().map(read).collect()
    };
    let looks = [("light", Look::DESKTOP), ("dark", Look::DARK), ("phone", Look::PHONE)];
    for (name, html) in &pages {
        println!("{name}: {} kB", html.len() / 1000);
        std::fs::write(dir.join(format!("{name}.html")), html).expect("a page");
        for (look_name, look) in looks {
            shoot(&mut browser, html, look, &dir.join(format!("{name}-{look_name}.png")));
        }
        let mut tab = browser.open(html, Look::DESKTOP);
        std::fs::write(dir.join(format!("{name}.pdf")), tab.print()).expect("a PDF");
    }
}

fn shoot(browser: &mut Browser, html: &str, look: Look, to: &Path) {
    let mut tab = browser.open(html, look);
    tab.show_all(look.width);
    let height = tab.eval("document.documentElement.scrollHeight").as_u64().unwrap_or(0).clamp(400, 6_000);
    std::fs::write(to, tab.screenshot(look.width, u32::try_from(height).unwrap_or(6_000))).expect("a picture");
}

fn own() -> Vec<(String, String)> {
    let endings = [
        "passed",
        "refuted",
        "guard",
        "inconclusive",
        "unsteady",
        "rollback-failed",
        "known-weakness",
        "running",
        "panicked",
    ];
    let mut pages: Vec<(String, String)> =
        endings.iter().map(|name| ((*name).to_owned(), page_of([realistic(name)]))).collect();
    let mut mixed = vec![realistic("passed"), two_loads(), realistic("guard"), realistic("known-weakness")];
    mixed[0].experiment.name = "checkout::survives_a_slow_network".to_owned();
    mixed[2].experiment.name = "checkout::survives_an_outage".to_owned();
    mixed[3].experiment.name = "payments::retries_are_bounded".to_owned();
    pages.push(("mixed".to_owned(), page_of(mixed)));
    pages.push(("hour".to_owned(), page_of([hour()])));
    pages.push(("many".to_owned(), page_of(many(200))));
    pages
}
