//! A real browser, where there is one: Debian's Chromium without a screen, and its driver at a free port. Both end with the test.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use url::Url;

/// What a page may take to show something, on the busiest machine.
pub(crate) const SHOWN_WITHIN: Duration = Duration::from_secs(60);
/// How often a page is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(30);

/// From key to key of a hand.
const HAND: Duration = Duration::from_millis(60);

/// A browser window. Its calls block, as those of everything else in these tests do.
pub(crate) struct Browser {
    client: Client,
    driver: Driver,
    runtime: Runtime,
}

/// The driver, ended when dropped; the browser ends with it.
struct Driver {
    child: Child,
    /// The browser's own folder.
    profile: TempDir,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // One that has ended already is what we want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the browser and its driver are, if they are there: on the system, or unpacked for the tests.
fn programs() -> Option<(PathBuf, PathBuf)> {
    let peers = std::env::var_os("KEYLINE_TEST_PEERS").map(PathBuf::from);
    let roots = [
        Some(PathBuf::from("/")),
        peers.map(|peers| peers.join("root")),
    ];
    roots.into_iter().flatten().find_map(|root| {
        let found = |name: &str| Some(root.join("usr/bin").join(name)).filter(|path| path.exists());
        Some((found("chromium")?, found("chromedriver")?))
    })
}

impl Browser {
    /// Opens a window of this size. `None`: there is no browser here, which is said.
    pub(crate) fn open(width: u32, height: u32) -> Option<Self> {
        let Some((browser, driver)) = programs() else {
            skip("there is no Chromium with its driver; `scripts/setup test` installs both");
            return None;
        };
        let profile = tempfile::tempdir().expect("a folder");
        let (driver, port) = start(&driver, profile);
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let size = (width, height);
        let client = runtime.block_on(connect(&browser, driver.profile.path(), port, size));
        let browser = Self {
            client,
            driver,
            runtime,
        };
        browser.resize(width, height);
        Some(browser)
    }

    /// Gives the page itself this size: what the browser has around it is not a part of it.
    pub(crate) fn resize(&self, width: u32, height: u32) {
        let around = |outer: &str, inner: &str| {
            let pixels = self.value(&format!("{outer} - {inner}")).as_u64();
            u32::try_from(pixels.expect("pixels")).expect("a few")
        };
        let wider = width + around("outerWidth", "innerWidth");
        let higher = height + around("outerHeight", "innerHeight");
        let set = self.client.set_window_size(wider, higher);
        self.runtime.block_on(set).expect("a window");
        self.until(&format!(
            "innerWidth === {width} && innerHeight === {height}"
        ));
    }

    /// Closes the window, then the browser.
    pub(crate) fn close(self) {
        let closed = self.runtime.block_on(self.client.close());
        closed.expect("a window that closes");
        drop(self.driver);
    }

    pub(crate) fn go_to(&self, url: &str) {
        let gone = self.runtime.block_on(self.client.goto(url));
        gone.expect("a page");
    }

    /// Runs a script in the page.
    pub(crate) fn run(&self, script: &str) -> Value {
        let ran = self.client.execute(script, Vec::new());
        self.runtime.block_on(ran).expect(script)
    }

    /// What this expression is in the page.
    pub(crate) fn value(&self, expression: &str) -> Value {
        self.run(&format!("return ({expression});"))
    }

    /// What this script hands to its last argument, a function, some time later.
    pub(crate) fn later(&self, script: &str) -> Value {
        let ran = self.client.execute_async(script, Vec::new());
        self.runtime
            .block_on(ran)
            .expect("a script that ends without a fault")
    }

    /// Clicks on it.
    pub(crate) fn click(&self, css: &str) {
        let clicked = async { self.client.find(Locator::Css(css)).await?.click().await };
        self.runtime.block_on(clicked).expect(css);
    }

    /// Opens another tab beside this one, and goes there.
    pub(crate) fn open_tab(&self) {
        let opened = async {
            let tab = self.client.new_window(true).await?;
            self.client.switch_to_window(tab.handle).await
        };
        self.runtime.block_on(opened).expect("a tab");
    }

    /// Waits until this expression is true in the page.
    pub(crate) fn until(&self, expression: &str) {
        let until = Instant::now() + SHOWN_WITHIN;
        while self.value(expression) != Value::Bool(true) {
            if Instant::now() >= until {
                let page = self.value("document.body.innerText");
                panic!("{expression} did not come: {page}");
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits until the card of the slot says this.
    pub(crate) fn card_says(&self, slot: u16, says: &str) {
        let card = format!("document.querySelector('#slot-{slot} .big')?.textContent === {says:?}");
        self.until(&card);
    }

    /// Types into a field.
    pub(crate) fn fill(&self, css: &str, text: &str) {
        let typed = async {
            let field = self.client.find(Locator::Css(css)).await?;
            if !css.starts_with("#pin-") {
                return field.send_keys(text).await;
            }
            // A PIN that comes faster than a hand types is taken for a scanner's.
            for letter in text.chars() {
                field.send_keys(&letter.to_string()).await?;
                tokio::time::sleep(HAND).await;
            }
            Ok(())
        };
        self.runtime.block_on(typed).expect(css);
    }

    /// Types where the page has its focus.
    pub(crate) fn press(&self, keys: &str) {
        let until = Instant::now() + SHOWN_WITHIN;
        while !self.try_press(keys) {
            assert!(Instant::now() < until, "no place for keys");
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// The same, once. `false`: what had the focus changed in that moment, and nothing was typed.
    pub(crate) fn try_press(&self, keys: &str) -> bool {
        let typed = async { self.client.active_element().await?.send_keys(keys).await };
        match self.runtime.block_on(typed) {
            Ok(()) => true,
            Err(error)
                if error.is_element_not_interactable() || error.is_stale_element_reference() =>
            {
                false
            }
            Err(error) => panic!("no place for keys: {error}"),
        }
    }

    /// What came into this log since it was asked for last: `browser` is what pages and the browser say, `performance` has each
    /// request with what was sent.
    pub(crate) fn log(&self, kind: &str) -> Value {
        let asked = self.client.issue_cmd(Log(kind.to_owned()));
        self.runtime.block_on(asked).expect(kind)
    }

    /// A picture of the page, as PNG.
    pub(crate) fn picture(&self) -> Vec<u8> {
        let picture = self.runtime.block_on(self.client.screenshot());
        picture.expect("a picture")
    }
}

/// Says that a test cannot run, and why. On a machine that nobody watches, where all tests are wanted, that is a failure.
pub(crate) fn skip(reason: &str) {
    let set = |name| std::env::var(name).is_ok_and(|value| !value.is_empty() && value != "false");
    assert!(
        !set("CI") || set("KEYLINE_TEST_QUICK"),
        "NOT TESTED: {reason}"
    );
    // Not by `eprintln!`, which the test harness keeps to itself when a test passes.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {reason}");
}

fn start(driver: &Path, profile: TempDir) -> (Driver, u16) {
    let mut child = Command::new(driver)
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the driver");
    let told = child.stdout.take().expect("its words");
    let driver = Driver { child, profile };
    let mut lines = BufReader::new(told).lines().map_while(Result::ok);
    let port = lines.find_map(|line| {
        let port = line.split("on port ").nth(1)?;
        port.trim_end_matches('.')
            .parse()
            .ok()
            .filter(|port| *port > 0)
    });
    // The driver writes on: somebody has to read it.
    std::thread::spawn(move || lines.for_each(drop));
    (driver, port.expect("the driver's port"))
}

async fn connect(browser: &Path, profile: &Path, port: u16, size: (u32, u32)) -> Client {
    let arguments = [
        "--headless".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-quic".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--hide-scrollbars".to_owned(),
        "--lang=en".to_owned(),
        format!("--user-data-dir={}", profile.display()),
        format!("--window-size={},{}", size.0, size.1),
    ];
    let wishes = json!({
        "browserName": "chrome",
        "goog:chromeOptions": { "binary": browser, "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
    });
    let Value::Object(wishes) = wishes else {
        unreachable!("it was written as one")
    };
    ClientBuilder::new(HttpConnector::new())
        .capabilities(wishes)
        .connect(&format!("http://127.0.0.1:{port}"))
        .await
        .expect("a browser")
}

/// Chromium's own way to its logs.
#[derive(Debug)]
struct Log(String);

impl WebDriverCompatibleCommand for Log {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = json!({ "type": self.0 });
        (Method::POST, Some(body.to_string()))
    }
}
