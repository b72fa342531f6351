//! What the page promises, asked of a real Chromium: it opens from a file, asks for nothing, draws, reads without
//! scripts, in the dark, on a phone, on paper, by keyboard and aloud.

use chaos_page_tests::{Browser, Look, Tab, hostile, hour, many, page_of, realistic, two_loads};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// One browser for all tests of this process; it ends with it.
fn browser() -> MutexGuard<'static, Browser> {
    static BROWSER: OnceLock<Mutex<Browser>> = OnceLock::new();
    let start = || Mutex::new(Browser::start(Path::new(env!("CARGO_TARGET_TMPDIR"))));
    BROWSER.get_or_init(start).lock().unwrap_or_else(PoisonError::into_inner)
}

const ENDINGS: [&str; 11] = [
    "passed",
    "refuted",
    "unsteady",
    "inconclusive",
    "guard",
    "interrupted",
    "panicked",
    "rollback-failed",
    "known-weakness",
    "skipped",
    "running",
];

/// Opens every experiment, so that nothing is hidden.
fn open_all(tab: &mut Tab<'_>) {
    tab.eval("for (const d of document.querySelectorAll('.exp')) d.open = true");
}

fn assert_no_complaints(name: &str, tab: &mut Tab<'_>) {
    let complaints = tab.complaints();
    assert!(complaints.is_empty(), "{name}: {complaints:#?}");
}

/// How many colours each canvas shows, by its label.
fn colours(tab: &mut Tab<'_>) -> Vec<u64> {
    let counted = tab.eval(
        "[...document.querySelectorAll('canvas')].map(c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; \
         const seen = new Set(); for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 200) seen.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]); \
         return seen.size; })",
    );
    counted.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect()
}

#[test]
fn every_ending_opens_without_a_complaint_and_draws() {
    let mut browser = browser();
    for name in ENDINGS {
        let html = page_of([realistic(name)]);
        let mut tab = browser.open(&html, Look::DESKTOP);
        open_all(&mut tab);
        tab.show_all(1280);
        assert_no_complaints(name, &mut tab);
        let charts = tab.eval("document.querySelectorAll('.chart').length").as_u64().unwrap();
        let drawn = colours(&mut tab);
        assert_eq!(drawn.len() as u64, charts, "{name}: a canvas for each chart");
        assert!(drawn.iter().all(|n| *n > 5), "{name}: a chart is blank: {drawn:?}");
        let expected = if matches!(name, "skipped" | "running") { 0 } else { 3 };
        assert!(charts >= expected, "{name}: {charts} charts");
    }
}

#[test]
fn the_lines_lie_where_the_figures_say() {
    let mut browser = browser();
    let mut tab = browser.open(&page_of([realistic("refuted")]), Look::DESKTOP);
    tab.show_all(1280);
    // The cursor in the middle of the fault phase says what was measured there.
    tab.eval("document.querySelector('.plot').focus()");
    tab.press("Home");
    let outputs = |tab: &mut Tab<'_>| {
        tab.eval("[...document.querySelector('.chart').querySelectorAll('output')].map(o => o.textContent).join('|')")
    };
    let before = outputs(&mut tab).as_str().unwrap().to_owned();
    for _ in 0..36 {
        tab.press("ArrowRight");
    }
    let during = outputs(&mut tab).as_str().unwrap().to_owned();
    let p99 = |told: &str| told.split('|').next().unwrap().trim_end_matches(" ms").parse::<f64>().unwrap();
    assert!(p99(&before) < 20.0 && p99(&during) > 300.0, "{before} – {during}");
    let at = tab.eval("document.querySelector('.legend .at').textContent");
    assert!(at.as_str().unwrap().contains("9.1"), "{at}");
    // All charts of the time line follow.
    let others = tab.eval(
        "[...document.querySelectorAll('.chart')].slice(1, 4).every(f => f.querySelector('output').textContent !== '')",
    );
    assert_eq!(others, true);
    let spoken = tab.eval("document.getElementById('spoken').textContent");
    assert!(spoken.as_str().unwrap().contains("P99"), "{spoken}");
}

#[test]
fn nothing_that_a_journal_holds_runs() {
    let mut browser = browser();
    let mut tab = browser.open(&page_of([hostile()]), Look::DESKTOP);
    open_all(&mut tab);
    tab.show_all(1280);
    assert_eq!(tab.eval("window.hacked === undefined"), true);
    assert_eq!(tab.eval("document.querySelectorAll('main img, main svg[onload], header img').length"), 0);
    assert_no_complaints("hostile", &mut tab);
}

#[test]
fn nothing_may_be_loaded_even_by_a_script_of_the_page() {
    let mut browser = browser();
    let mut tab = browser.open(&page_of([realistic("passed")]), Look::DESKTOP);
    assert_no_complaints("as it is", &mut tab);
    let blocked = tab.eval(
        "new Promise(done => { document.addEventListener('securitypolicyviolation', e => done(e.effectiveDirective)); \
         const image = new Image(); image.src = 'http://127.0.0.1:9/x.png'; })",
    );
    assert_eq!(blocked, "img-src");
}

#[test]
fn it_fits_a_phone_with_everything_open() {
    let mut browser = browser();
    for (name, journal) in ENDINGS.map(|name| (name, realistic(name))).into_iter().chain([("two", two_loads())]) {
        let mut tab = browser.open(&page_of([journal]), Look::PHONE);
        tab.eval("for (const d of document.querySelectorAll('details')) d.open = true");
        tab.show_all(360);
        let width = tab.eval("document.documentElement.scrollWidth");
        let wide = tab.eval(
            "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > 361 && !e.closest('.scroll') && !e.closest('.strip') && !e.closest('.visually-hidden'))\
             .slice(0, 5).map(e => e.outerHTML.slice(0, 120))",
        );
        assert!(width.as_u64().unwrap() <= 360, "{name}: {width} pixels: {wide}");
        assert_no_complaints(name, &mut tab);
    }
}

#[test]
fn without_scripts_the_answer_is_there() {
    let mut browser = browser();
    for name in ENDINGS {
        let journal = realistic(name);
        let mut tab = browser.open(&page_of([journal.clone()]), Look { scripts: false, ..Look::DESKTOP });
        assert_eq!(tab.eval("document.documentElement.classList.contains('js')"), false, "scripts are off");
        let text = tab.eval("document.body.innerText").as_str().unwrap().to_lowercase();
        assert!(text.contains(journal.verdict.name()), "{name}: {text}");
        // The one that decided, folded or not.
        if let Some(reason) = journal.reasons.first() {
            // Backquotes are shown as code.
            let first = reason.message.lines().next().unwrap().to_lowercase().replace('`', "");
            assert!(text.contains(&first), "{name} lacks {first:?}");
        }
        let button = tab.eval("[...document.querySelectorAll('button')].some(b => b.checkVisibility())");
        assert_eq!(button, false, "no button that can't work");
    }
}

/// WCAG's contrast ratio, in the browser itself.
const CONTRAST: &str = "
(() => {
  const parse = text => { const c = document.createElement('canvas').getContext('2d'); c.fillStyle = text; c.fillRect(0, 0, 1, 1);
    return c.getImageData(0, 0, 1, 1).data; };
  const light = rgb => { const [r, g, b] = [...rgb].slice(0, 3).map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
    return .2126 * r + .7152 * g + .0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; const a = c.match(/[\\d.]+/g);
    if (a.length < 4 || +a[3] > .99) return c; } return 'white'; };
  const ratio = (a, b) => { const [x, y] = [light(parse(a)), light(parse(b))].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  window.ratio = ratio;
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.checkVisibility() || e.closest('script, noscript, .visually-hidden, .strip')) continue;
    const r = ratio(getComputedStyle(e).color, ground(e));
    if (r < 4.5) found.push(r.toFixed(2) + ' ' + e.className + ': ' + walk.currentNode.data.trim().slice(0, 40));
  }
  return found;
})()";

#[test]
fn every_text_has_contrast_in_both_schemes() {
    let mut browser = browser();
    for (scheme, look) in [("light", Look::DESKTOP), ("dark", Look::DARK)] {
        let all = ENDINGS.map(realistic).into_iter().enumerate().map(|(i, mut journal)| {
            journal.experiment.name = format!("e{i}");
            journal
        });
        let mut tab = browser.open(&page_of(all.chain([two_loads()])), look);
        tab.eval("for (const d of document.querySelectorAll('details')) d.open = true");
        tab.show_all(1280);
        let poor = tab.eval(CONTRAST);
        assert_eq!(poor.as_array().map(Vec::len), Some(0), "{scheme}: {poor:#}");
        // Lines of charts are no text: 3:1.
        let lines = tab.eval(
            "['blue', 'green', 'red', 'purple', 'amber', 'grey'].map(c => ratio(getComputedStyle(document.documentElement).getPropertyValue('--' + c), \
             getComputedStyle(document.documentElement).getPropertyValue('--card'))).filter(r => r < 3)",
        );
        assert_eq!(lines.as_array().map(Vec::len), Some(0), "{scheme}: {lines}");
        let dark = tab.eval("ratio(getComputedStyle(document.body).backgroundColor, 'black') < 2");
        assert_eq!(dark, scheme == "dark");
    }
}

#[test]
fn it_reads_aloud() {
    let mut browser = browser();
    let mut tab = browser.open(&page_of([two_loads(), realistic("passed")]), Look::DESKTOP);
    open_all(&mut tab);
    tab.show_all(1280);
    let nameless = tab.eval(
        "[...document.querySelectorAll('canvas')].filter(c => c.getAttribute('role') !== 'img' || !(c.getAttribute('aria-label') ?? '').trim()).length",
    );
    assert_eq!(nameless, 0, "every canvas says what it shows");
    let headings = tab.eval("[...document.querySelectorAll('h1, h2, h3, h4')].map(h => +h.tagName[1])");
    let levels: Vec<u64> = headings.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    assert!(levels.windows(2).all(|w| w[1] <= w[0] + 1), "a level is left out: {levels:?}");
    let spoken = tab.spoken();
    let told = |role: &str, name: &str| spoken.iter().any(|(r, n)| r == role && n.contains(name));
    assert!(told("heading", "1 of 2 experiments failed"));
    assert!(told("image", "P99: 1"), "the latency chart in words");
    let quiet: Vec<_> = spoken
        .iter()
        .filter(|(role, name)| matches!(role.as_str(), "image" | "button" | "link" | "searchbox") && name.is_empty())
        .collect();
    assert!(quiet.is_empty(), "without a name: {quiet:?}");
    assert_eq!(tab.eval("document.querySelectorAll('[id]').length === new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"), true, "ids differ");
}

#[test]
fn everything_is_reached_by_the_keyboard() {
    let mut browser = browser();
    let mut tab = browser.open(&page_of([realistic("refuted"), realistic("passed")]), Look::DESKTOP);
    tab.show_all(1280);
    let count = "[...document.querySelectorAll('a[href], button, input, summary, [tabindex=\"0\"]')].filter(e => e.checkVisibility()).length";
    let wanted = tab.eval(count).as_u64().unwrap();
    tab.eval("window.reached = new Set(); document.addEventListener('focusin', e => { reached.add(e.target); \
              const s = getComputedStyle(e.target); if (s.outlineStyle === 'none' || parseFloat(s.outlineWidth) < 1) window.unseen = e.target.outerHTML.slice(0, 200); })");
    for _ in 0..wanted + 5 {
        tab.press("Tab");
    }
    // Chromium makes boxes that scroll reachable as well.
    let reached =
        tab.eval("[...reached].filter(e => e.matches('a[href], button, input, summary, [tabindex=\"0\"]')).length");
    assert_eq!(reached.as_u64().unwrap(), wanted);
    assert_eq!(tab.eval("window.unseen ?? 'all seen'"), "all seen", "focus shows");
    tab.eval("document.querySelectorAll('.exp > summary')[1].focus()");
    tab.press("Enter");
    tab.wait_for("document.querySelectorAll('.exp')[1].open");
}

#[test]
fn an_hour_at_ten_thousand_a_second_opens_at_once() {
    let html = page_of([hour()]);
    assert!(html.len() < 1_500_000, "{} bytes", html.len());
    let mut browser = browser();
    let mut tab = browser.open(&html, Look::DESKTOP);
    // What is in view is drawn; what is not, is not yet.
    tab.wait_for("document.querySelector('.chart').dataset.drawn === 'yes'");
    let (all, drawn) = (
        tab.eval("document.querySelectorAll('.chart').length"),
        tab.eval("document.querySelectorAll('[data-drawn]').length"),
    );
    assert!(drawn.as_u64() < all.as_u64(), "{drawn} of {all}");
    tab.eval("document.querySelector('.plot').focus()");
    tab.press("End");
    tab.press("ArrowRight");
    tab.wait_for("document.querySelector('.chart output').textContent !== ''");
    // The one bad second of the hour is still seen.
    let told = tab.eval("[...document.querySelectorAll('.chart')].map(f => JSON.parse(f.querySelector('script').textContent)).find(s => s.rug).s[0].v.some(v => v === 40)");
    assert_eq!(told, true);
    assert_no_complaints("hour", &mut tab);
}

#[test]
fn zooming_moves_all_charts_and_the_strip() {
    let mut browser = browser();
    let mut tab = browser.open(&page_of([realistic("refuted")]), Look::DESKTOP);
    tab.show_all(1280);
    let place = "document.querySelector('.phase.fault').getBoundingClientRect().left";
    let before = tab.eval(place).as_f64().unwrap();
    let point = |tab: &mut Tab<'_>, kind: &str, x: f64| {
        tab.eval(&format!(
            "(() => {{ const o = document.querySelector('.chart .u-over'), r = o.getBoundingClientRect(); \
             o.dispatchEvent(new MouseEvent('{kind}', {{ bubbles: true, button: 0, clientX: r.left + r.width * {x}, clientY: r.top + 20 }})); \
             document.dispatchEvent(new MouseEvent('{kind}', {{ bubbles: true, button: 0, clientX: r.left + r.width * {x}, clientY: r.top + 20 }})); }})()"
        ));
    };
    for (kind, x) in [("mousemove", 0.1), ("mousedown", 0.1), ("mousemove", 0.5), ("mouseup", 0.5)] {
        point(&mut tab, kind, x);
    }
    tab.wait_for(&format!("{place} > {before} + 50"));
    assert_no_complaints("zoomed", &mut tab);
}

#[test]
fn two_hundred_experiments_are_found_and_filtered() {
    let html = page_of(many(200));
    println!("200 experiments: {} kB", html.len() / 1000);
    assert!(html.len() < 16_000_000, "{} bytes", html.len());
    let mut browser = browser();
    let mut tab = browser.open(&html, Look::DESKTOP);
    assert_eq!(tab.eval("document.querySelector('h1').textContent"), "20 of 200 experiments failed");
    assert_eq!(
        tab.eval("[...document.querySelectorAll('.list li')].slice(0, 20).every(li => li.classList.contains('bad'))"),
        true
    );
    let drawn = tab.eval("document.querySelectorAll('[data-drawn]').length").as_u64().unwrap();
    assert!(drawn < 20, "only what is in view: {drawn}");
    // A link opens what it leads to.
    tab.eval("document.querySelector('.list li:last-child a').click()");
    tab.wait_for("[...document.querySelectorAll('.exp')].at(-1).open");
    tab.eval(
        "const f = document.getElementById('filter'); f.value = 'refuted 013'; f.dispatchEvent(new Event('input'))",
    );
    assert_eq!(tab.eval("[...document.querySelectorAll('.list li')].filter(li => li.checkVisibility()).length"), 1);
    assert_no_complaints("many", &mut tab);
}

#[test]
fn on_paper_it_is_light_open_and_drawn() {
    let mut browser = browser();
    let mut tab = browser.open(&page_of([realistic("refuted"), realistic("passed")]), Look::DARK);
    tab.eval("addEventListener('beforeprint', () => { window.printed = { open: [...document.querySelectorAll('.exp')].every(d => d.open), \
              drawn: [...document.querySelectorAll('.chart')].every(f => f.dataset.drawn), ground: getComputedStyle(document.documentElement).getPropertyValue('--card') }; })");
    let pdf = tab.print();
    assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 50_000, "{} bytes", pdf.len());
    tab.wait_for("window.printed");
    assert_eq!(tab.eval("printed.open && printed.drawn"), true);
    assert_eq!(tab.eval("printed.ground.trim()"), "#ffffff");
    tab.wait_for("document.documentElement.dataset.scheme === undefined");
    assert_eq!(tab.eval("document.querySelectorAll('.exp')[1].open"), false, "as it was");
    assert_no_complaints("print", &mut tab);
}
