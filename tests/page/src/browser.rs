//! A headless Chromium, driven by the DevTools protocol over its pipe: no port, no web socket, no crate for either.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// An answer takes as long as the machine is busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running browser. It ends with this value, and with this process, as its pipe does.
pub struct Browser {
    child: Child,
    orders: ChildStdin,
    messages: Receiver<Value>,
    events: Vec<Value>,
    last: u64,
    folder: PathBuf,
    pages: u64,
}

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// In CSS pixels.
    pub width: u32,
    /// In CSS pixels.
    pub height: u32,
    /// The dark scheme.
    pub dark: bool,
    /// Scripts may run.
    pub scripts: bool,
}

impl Look {
    /// A notebook's window.
    pub const DESKTOP: Self = Self { width: 1280, height: 900, dark: false, scripts: true };
    /// The narrowest phone that is still sold.
    pub const PHONE: Self = Self { width: 360, height: 740, dark: false, scripts: true };
    /// As [`DESKTOP`](Self::DESKTOP), at night.
    pub const DARK: Self = Self { dark: true, ..Self::DESKTOP };
}

/// A page in the browser.
pub struct Tab<'a> {
    browser: &'a mut Browser,
    session: String,
    url: String,
}

impl Browser {
    /// Starts Chromium with a profile of its own below `folder`.
    pub fn start(folder: &Path) -> Self {
        let folder = folder.join(format!("chromium-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the browser");
        // Its pipe is file descriptors 3 and 4.
        let script = "exec chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
                      --disable-background-networking --disable-component-update --hide-scrollbars \
                      --force-device-scale-factor=1 --user-data-dir=\"$0\" --remote-debugging-pipe \
                      3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null";
        let mut child = Command::new("sh")
            .args(["-c", script])
            .arg(folder.join("profile"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let orders = child.stdin.take().expect("a pipe");
        let mut answers = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while answers.read_until(0, &mut message).is_ok_and(|n| n > 0) {
                message.pop();
                let Ok(value) = serde_json::from_slice(&message) else { break };
                if sender.send(value).is_err() {
                    break;
                }
                message.clear();
            }
        });
        Self { child, orders, messages, events: Vec::new(), last: 0, folder, pages: 0 }
    }

    fn call(&mut self, session: Option<&str>, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut order = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = session {
            order["sessionId"] = session.into();
        }
        let gone = "Chromium does not answer; is it installed? apt-get install chromium";
        self.orders.write_all(format!("{order}\0").as_bytes()).and_then(|()| self.orders.flush()).expect(gone);
        loop {
            let message =
                self.messages.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{gone} ({method}: {error})"));
            if message["id"] == self.last {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            if message["id"].is_null() {
                self.events.push(message);
            }
        }
    }

    /// Opens a page from a file, as one does with what CI has kept.
    pub fn open(&mut self, html: &str, look: Look) -> Tab<'_> {
        self.pages += 1;
        let path = self.folder.join(format!("page-{}.html", self.pages));
        std::fs::write(&path, html).expect("a page");
        let url = format!("file://{}", path.display());
        let target = self.call(None, "Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = self.call(None, "Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        let session = attached["sessionId"].as_str().expect("a session").to_owned();
        self.events.clear();
        let mut tab = Tab { browser: self, session, url };
        for domain in ["Page", "Runtime", "Log", "Network", "DOM", "Accessibility"] {
            tab.call(&format!("{domain}.enable"), json!({}));
        }
        tab.size(look.width, look.height);
        let scheme = if look.dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        tab.call("Emulation.setEmulatedMedia", json!({ "features": features }));
        tab.call("Emulation.setScriptExecutionDisabled", json!({ "value": !look.scripts }));
        let url = tab.url.clone();
        tab.call("Page.navigate", json!({ "url": url }));
        tab.wait_for("document.readyState === 'complete' && location.protocol === 'file:'");
        if look.scripts {
            tab.wait_for("document.documentElement.dataset.ready === 'yes'");
            tab.wait_for("document.fonts.status === 'loaded'");
        }
        tab
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Tab<'_> {
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.browser.call(Some(&self.session), method, params)
    }

    /// The value of an expression.
    pub fn eval(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let result = self.call("Runtime.evaluate", params);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn wait_for(&mut self, expression: &str) {
        let end = std::time::Instant::now() + PATIENCE;
        while self.eval(&format!("!!({expression})")) != true {
            assert!(std::time::Instant::now() < end, "never came true: {expression}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Another size of the window.
    pub fn size(&mut self, width: u32, height: u32) {
        let params = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", params);
    }

    /// Makes the window as high as the page, so that all of it is in view, and waits until its charts are drawn.
    pub fn show_all(&mut self, width: u32) {
        for _ in 0..2 {
            let height = self.eval("document.documentElement.scrollHeight").as_u64().unwrap_or(1_000);
            self.size(width, u32::try_from(height).unwrap_or(20_000).clamp(400, 30_000));
            self.wait_for(
                "[...document.querySelectorAll('.chart')].filter(f => f.checkVisibility() && f.getBoundingClientRect().top < innerHeight)\
                 .every(f => f.dataset.drawn === 'yes')",
            );
        }
        // A frame more for what the last one has moved.
        self.eval("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))");
    }

    /// A key, as a person presses it.
    pub fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let code = match key {
                "Tab" => 9,
                "Enter" => 13,
                "End" => 35,
                "Home" => 36,
                "ArrowLeft" => 37,
                "ArrowRight" => 39,
                _ => 0,
            };
            let mut params = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if key == "Enter" && kind == "keyDown" {
                params["text"] = "\r".into();
            }
            self.call("Input.dispatchKeyEvent", params);
        }
    }

    /// What it shows as a PNG, up to `height` pixels of it.
    pub fn screenshot(&mut self, width: u32, height: u32) -> Vec<u8> {
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let params = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let shot = self.call("Page.captureScreenshot", params);
        decoded(&shot["data"])
    }

    /// The page as a PDF on A4.
    pub fn print(&mut self) -> Vec<u8> {
        let params =
            json!({ "paperWidth": 8.27, "paperHeight": 11.69, "printBackground": true, "preferCSSPageSize": true });
        let printed = self.call("Page.printToPDF", params);
        decoded(&printed["data"])
    }

    /// What browsers tell to people who can't see: role and name of every node that is not ignored.
    pub fn spoken(&mut self) -> Vec<(String, String)> {
        let tree = self.call("Accessibility.getFullAXTree", json!({}));
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value["value"].as_str().unwrap_or_default().to_owned();
        nodes
            .iter()
            .filter(|node| node["ignored"] != true)
            .map(|node| (text(&node["role"]), text(&node["name"])))
            .collect()
    }

    /// In a sentence each, what went wrong so far: exceptions, complaints, requests for anything but the page itself.
    pub fn complaints(&mut self) -> Vec<String> {
        // Whatever is on its way has come when this has.
        self.eval("new Promise(done => setTimeout(() => done(1), 50))");
        let url = self.url.clone();
        let told = self.browser.events.iter().filter(|event| event["sessionId"] == self.session.as_str()).filter_map(
            |event| {
                let params = &event["params"];
                match event["method"].as_str()? {
                    "Runtime.exceptionThrown" => Some(format!("exception: {}", params["exceptionDetails"])),
                    "Runtime.consoleAPICalled" => Some(format!("console: {}", params["args"])),
                    "Log.entryAdded" => Some(format!("log: {}", params["entry"])),
                    "Network.requestWillBeSent" => {
                        let asked = params["request"]["url"].as_str()?;
                        (asked != url && !asked.starts_with("data:")).then(|| format!("asked for {asked}"))
                    }
                    _ => None,
                }
            },
        );
        told.collect()
    }
}

fn decoded(data: &Value) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(data.as_str().unwrap_or_default()).expect("Base64")
}
