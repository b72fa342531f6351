//! A terminal with a program in it, read as a user sees it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Nothing here takes that long.
const PATIENCE: Duration = Duration::from_secs(120);

/// What says that there is no terminal, or another one.
const FOREIGN: [&str; 12] = [
    "CI",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "CARGO_TERM_COLOR",
    "COLUMNS",
    "LINES",
    "LC_ALL",
    "LC_CTYPE",
    "RUST_TEST_NOCAPTURE",
    "RUST_TEST_THREADS",
];

/// A pseudo-terminal, the program in it, and its screen.
pub struct Terminal {
    keyboard: File,
    child: Child,
    screen: Arc<Mutex<vt100::Parser>>,
    reader: JoinHandle<()>,
}

impl Terminal {
    /// Starts a command as a shell in this terminal would. Ctrl-C reaches it.
    pub fn start(command: &Command, columns: u16, rows: u16) -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("there are terminals");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("it is ours");
        let name = ptsname(&master, Vec::new()).expect("it has a name");
        let slave = rustix::fs::open(&*name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
        let slave = slave.expect("its other side");
        set_size(&slave, columns, rows);
        // Makes it the terminal of a session of its own, and then becomes the command.
        let mut session = Command::new("setsid");
        session.arg("--ctty").arg(command.get_program()).args(command.get_args());
        for name in FOREIGN {
            session.env_remove(name);
        }
        session.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => session.env(name, value),
                None => session.env_remove(name),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            session.current_dir(directory);
        }
        let side = || Stdio::from(slave.try_clone().expect("descriptors are not that scarce"));
        session.stdin(side()).stdout(side()).stderr(side());
        let child = session.spawn().expect("setsid of util-linux can be started");
        drop(session);
        drop(slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0)));
        let master = File::from(master);
        let keyboard = master.try_clone().expect("descriptors are not that scarce");
        let reader = follow(master, Arc::clone(&screen));
        Self { keyboard, child, screen, reader }
    }

    /// The lines that show now, without what is empty behind them.
    pub fn lines(&self) -> Vec<String> {
        lines(&self.screen)
    }

    /// Waits until the screen shows something, and returns it.
    ///
    /// # Panics
    /// If it ends without.
    pub fn until(&mut self, what: &str, condition: impl Fn(&[String]) -> bool) -> Vec<String> {
        let started = Instant::now();
        loop {
            let ended = self.reader.is_finished();
            let lines = self.lines();
            if condition(&lines) {
                return lines;
            }
            assert!(!ended && started.elapsed() < PATIENCE, "never: {what}\n{}", lines.join("\n"));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Types something: `\x03` is Ctrl-C.
    ///
    /// # Panics
    /// If the terminal is gone.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("it takes keys");
    }

    /// Gives it another size.
    ///
    /// # Panics
    /// If the terminal is gone.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen_mut().set_size(rows, columns);
        set_size(&self.keyboard, columns, rows);
    }

    /// Waits for the program's end: its status, and what stays on the screen.
    ///
    /// # Panics
    /// If it does not end.
    pub fn wait(mut self) -> (ExitStatus, Vec<String>) {
        let started = Instant::now();
        while !self.reader.is_finished() {
            if started.elapsed() > PATIENCE {
                let _ = self.child.kill();
                panic!("it does not end:\n{}", self.lines().join("\n"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        (self.child.wait().expect("it is our child"), lines(&self.screen))
    }
}

fn set_size(side: impl std::os::fd::AsFd, columns: u16, rows: u16) {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(side, size).expect("terminals have a size");
}

fn lines(screen: &Mutex<vt100::Parser>) -> Vec<String> {
    let screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
    let contents = screen.screen().contents();
    contents.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Until nobody has the other side any more.
fn follow(mut master: File, screen: Arc<Mutex<vt100::Parser>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read) = master.read(&mut bytes) {
            if read == 0 {
                return;
            }
            screen.lock().unwrap_or_else(PoisonError::into_inner).process(&bytes[..read]);
        }
    })
}
