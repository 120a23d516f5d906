//! The first minutes at the console, by keyboard alone, and then every page.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use noroshi_model::{Clock, Timestamp};
use noroshi_seal::totp::Secret;
use serde_json::{Value, json};

use super::chromium::Chromium;
use super::node::{Served, serve};

/// A telephone, a tablet, a wall.
const SIZES: [(u32, u32); 3] = [(390, 844), (768, 1024), (1280, 800)];
/// Everybody's on that node.
pub(super) const PASSPHRASE: &str = "sato's own passphrase";
const PASSWORD: &str = "a long and quiet sentence";
/// Presses of Tab within which every field of a page is reached.
const TABS_MAX: usize = 60;
/// Pages that the navigation does not lead to.
const BEYOND: [&str; 4] = ["/acts", "/partners/balance", "/threats/matrix", "/ledger/1"];
/// A picture is no higher than this, in pixels.
const PICTURE_MAX: u64 = 3000;

/// What a story is told with.
pub(super) struct Setting<'a> {
    pub(super) binary: &'a Path,
    pub(super) browser: &'a Path,
    /// The text of axe-core.
    pub(super) rules: &'a str,
    pub(super) pictures: &'a Path,
    pub(super) lang: &'a str,
}

/// The operating system's time: the codes of authenticators are made of it.
struct Now;

impl Clock for Now {
    #[expect(
        clippy::disallowed_methods,
        reason = "the browser's test runs in real time"
    )]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let micros = since.map_or(0, |since| since.as_micros());
        Timestamp::from_micros(i64::try_from(micros).unwrap_or_default())
    }
}

/// Tell it; what was seen, in one line.
pub(super) fn run(setting: &Setting<'_>) -> Result<String> {
    let served = serve(setting)?;
    let origin = served
        .link
        .split("/enrol")
        .next()
        .unwrap_or_default()
        .to_owned();
    let profile = served.folder.join("profile");
    let mut browser = Chromium::start(setting.browser, &profile)?;
    let mut seen = Seen::new(setting, origin.clone());

    open(
        &mut browser,
        &format!("{}&lang={}", served.link, setting.lang),
    )?;
    seen.look(&mut browser, "enrol")?;
    browser.press("Tab")?;
    let first = browser.value("document.activeElement.className")?;
    ensure!(
        first == "skip",
        "the first Tab skips to the content, not {first}"
    );
    let secret = browser.value("document.querySelector('.secret code').textContent")?;
    let secret = secret_of(secret.as_str().unwrap_or_default())?;
    let now = Now.now();
    for (field, text) in [
        ("passphrase", PASSPHRASE),
        ("password", PASSWORD),
        ("again", PASSWORD),
        ("code", &secret.code(now)),
    ] {
        reach(&mut browser, field)?;
        browser.type_text(text)?;
    }
    enter(&mut browser)?;
    expect_path(&mut browser, "/signin")?;
    seen.look(&mut browser, "signin")?;
    // The code that was used serves no more; the next one is taken as early as this.
    for (field, text) in [
        ("name", "sato"),
        ("password", PASSWORD),
        ("code", &secret.code(now.plus_seconds(30))),
    ] {
        reach(&mut browser, field)?;
        browser.type_text(text)?;
    }
    enter(&mut browser)?;
    expect_path(&mut browser, "/")?;
    let lang = browser.value("document.documentElement.lang")?;
    ensure!(lang == setting.lang, "the page is in {lang}");

    seen.look(&mut browser, "first")?;
    share(&mut browser, &mut seen, &origin)?;
    live(&mut browser, &served, &origin)?;
    pages(&mut browser, &mut seen, &origin)?;
    without_scripts(&mut browser, &mut seen)?;
    seen.check(&mut browser, "without scripts");
    ensure!(seen.faults.is_empty(), "\n{}", seen.faults.join("\n"));
    Ok(format!("{} pages, {} looks", seen.pages.len(), seen.looks))
}

/// The first screen fills by itself, and what comes in is there without a reload.
fn live(browser: &mut Chromium, served: &Served, origin: &str) -> Result<()> {
    open(browser, &format!("{origin}/"))?;
    browser.value("window.stays = true")?;
    let gone = "new Promise(done => { const look = () => document.querySelector('progress')
        ? setTimeout(look, 100) : done(document.querySelectorAll('[data-live=came] li').length);
        look(); })";
    let shown = browser.value(gone)?;
    ensure!(shown == 20, "the first screen shows {shown} items");
    served.bring("LIVE HERON")?;
    let stays = browser.value(
        "new Promise(done => { const look = () => document.body.innerText.includes('LIVE HERON')
           ? done(window.stays === true) : setTimeout(look, 100); look(); })",
    )?;
    ensure!(stays == true, "the page was loaded again");
    Ok(())
}

/// Every page that the navigation leads to, and one item.
fn pages(browser: &mut Chromium, seen: &mut Seen<'_>, origin: &str) -> Result<()> {
    let links = "[...document.querySelectorAll('nav a')].map(a => a.getAttribute('href'))";
    let links = browser.value(links)?;
    let mut paths: Vec<String> = serde_json::from_value(links)?;
    ensure!(paths.len() >= 2, "the navigation leads nowhere");
    open(browser, &format!("{origin}/items"))?;
    browser.press("/")?;
    let focus = browser.value("document.activeElement.name")?;
    ensure!(focus == "q", "`/` goes to the search box, not {focus}");
    browser.type_text("狼煙")?;
    enter(browser)?;
    let item = browser.value("document.querySelector('td.title a').getAttribute('href')")?;
    paths.push(
        item.as_str()
            .context("the search finds nothing")?
            .to_owned(),
    );
    paths.extend(BEYOND.map(str::to_owned));
    for path in paths {
        open(browser, &format!("{origin}{path}"))?;
        let name = match path.trim_matches('/') {
            "" => "now".to_owned(),
            name if name.starts_with("items/") => "item".to_owned(),
            name => name.replace('/', "-"),
        };
        seen.look(browser, &name)?;
        seen.pages.push(path);
    }
    Ok(())
}

/// An item is offered to the partner: what would leave, the wish, one's own signature.
fn share(browser: &mut Chromium, seen: &mut Seen<'_>, origin: &str) -> Result<()> {
    open(browser, &format!("{origin}/share"))?;
    reach(browser, "items")?;
    browser.type_text("malware--00000000-0000-4000-8000-000000000001")?;
    reach_one(browser, "input[name=to]")?;
    browser.press(" ")?;
    reach(browser, "purpose")?;
    enter(browser)?;
    seen.look(browser, "share-plan")?;
    reach_one(browser, "form[method=post][action='/share'] button")?;
    enter(browser)?;
    seen.look(browser, "share-sign")?;
    reach(browser, "passphrase")?;
    browser.type_text(PASSPHRASE)?;
    enter(browser)?;
    let asks_again = browser.value("document.getElementById('passphrase') !== null")?;
    ensure!(asks_again == false, "the signature was not taken");
    seen.look(browser, "share-signed")
}

/// Each page is complete without scripts.
fn without_scripts(browser: &mut Chromium, seen: &mut Seen<'_>) -> Result<()> {
    let heading = "document.querySelector('h1').textContent + document.links.length";
    for path in seen.pages.clone() {
        let mut told = Vec::new();
        for off in [false, true] {
            browser.call(
                "Emulation.setScriptExecutionDisabled",
                json!({ "value": off }),
            )?;
            open(browser, &format!("{}{path}", seen.origin))?;
            told.push(browser.value(heading)?);
        }
        if told[0] != told[1] {
            let fault = format!("{path} is another without scripts: {told:?}");
            seen.faults.push(fault);
        }
    }
    Ok(())
}

/// What was looked at, and what must not have happened meanwhile.
struct Seen<'a> {
    setting: &'a Setting<'a>,
    origin: String,
    pages: Vec<String>,
    looks: usize,
    /// Everything that is wrong: one run tells it all.
    faults: Vec<String>,
}

impl<'a> Seen<'a> {
    fn new(setting: &'a Setting<'a>, origin: String) -> Self {
        Self {
            setting,
            origin,
            pages: Vec::new(),
            looks: 0,
            faults: Vec::new(),
        }
    }

    /// In three sizes, dark and light: it fits, breaks no rule, and its picture is kept.
    fn look(&mut self, browser: &mut Chromium, name: &str) -> Result<()> {
        for (width, height) in SIZES {
            let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1,
                "mobile": false });
            browser.call("Emulation.setDeviceMetricsOverride", size)?;
            for scheme in ["light", "dark"] {
                let feature = json!([{ "name": "prefers-color-scheme", "value": scheme },
                    { "name": "prefers-reduced-motion", "value": "reduce" }]);
                browser.call("Emulation.setEmulatedMedia", json!({ "features": feature }))?;
                let wide = browser.value("document.documentElement.scrollWidth")?;
                if wide.as_u64().is_none_or(|wide| wide > u64::from(width)) {
                    self.faults
                        .push(format!("{name} is {wide} wide at {width}"));
                }
                if width != 768 {
                    let broken = self.rules(browser)?;
                    if broken != json!([]) {
                        let fault = format!("{name} at {width}, {scheme}, breaks {broken:#}");
                        self.faults.push(fault);
                    }
                }
                let high = browser.value("document.documentElement.scrollHeight")?;
                let high = high.as_u64().unwrap_or_default().min(PICTURE_MAX);
                let clip = json!({ "x": 0, "y": 0, "width": width, "height": high, "scale": 1 });
                let asked = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
                let shot = browser.call("Page.captureScreenshot", asked)?;
                let file = format!("{}-{name}-{width}-{scheme}.png", self.setting.lang);
                let bytes = unbase64(shot["data"].as_str().unwrap_or_default());
                std::fs::write(self.setting.pictures.join(file), bytes)?;
                self.looks += 1;
            }
        }
        self.check(browser, name);
        Ok(())
    }

    fn rules(&self, browser: &mut Chromium) -> Result<Value> {
        if browser.value("typeof axe")? != "object" {
            browser.value(&format!("{}; 0", self.setting.rules))?;
        }
        browser.value(
            "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] })
               .then(found => found.violations.map(rule => rule.id + ': '
                 + rule.nodes.map(node => node.html.slice(0, 120)).slice(0, 3).join(' | ')))",
        )
    }

    /// No error, no report of the content policy, no request to another host.
    fn check(&mut self, browser: &mut Chromium, name: &str) {
        for event in browser.take_events() {
            let params = &event["params"];
            let bad = match event["method"].as_str() {
                Some("Log.entryAdded") => params["entry"]["level"] == "error",
                Some("Runtime.exceptionThrown") => true,
                Some("Runtime.consoleAPICalled") => params["type"] == "error",
                Some("Network.requestWillBeSent") => {
                    let to = params["request"]["url"].as_str().unwrap_or_default();
                    !to.starts_with(&self.origin) && to != "about:blank"
                }
                _ => false,
            };
            if bad {
                self.faults
                    .push(format!("{name}: the browser says {params:#}"));
            }
        }
    }
}

fn open(browser: &mut Chromium, address: &str) -> Result<()> {
    drop_loads(browser);
    browser.call("Page.navigate", json!({ "url": address }))?;
    browser.wait("Page.loadEventFired")
}

/// Press Enter, and wait for the page that comes.
fn enter(browser: &mut Chromium) -> Result<()> {
    drop_loads(browser);
    browser.press("Enter")?;
    browser.wait("Page.loadEventFired")
}

/// Loads of earlier pages are none of the next one.
fn drop_loads(browser: &mut Chromium) {
    let kept = browser.take_events();
    browser.keep(
        kept.into_iter()
            .filter(|event| event["method"] != "Page.loadEventFired"),
    );
}

/// Press Tab until that field has the focus.
fn reach(browser: &mut Chromium, field: &str) -> Result<()> {
    reach_one(browser, &format!("#{field}"))
}

/// Press Tab until what that selector names has the focus.
fn reach_one(browser: &mut Chromium, selector: &str) -> Result<()> {
    let has_focus = format!("document.activeElement.matches({})", json!(selector));
    for _ in 0..TABS_MAX {
        if browser.value(&has_focus)? == true {
            return Ok(());
        }
        browser.press("Tab")?;
    }
    bail!("Tab does not reach `{selector}`")
}

fn expect_path(browser: &mut Chromium, path: &str) -> Result<()> {
    let here = browser.value("location.pathname")?;
    if here == path {
        return Ok(());
    }
    let said = browser.value("document.querySelector('main').innerText")?;
    bail!("at {here}, not at {path}: {said}")
}

fn secret_of(shown: &str) -> Result<Secret> {
    let (mut bytes, mut bits, mut value) = (Vec::new(), 0_u32, 0_u32);
    for c in shown.bytes().filter(u8::is_ascii_alphanumeric) {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'2'..=b'7' => c - b'2' + 26,
            _ => bail!("`{shown}` is no secret"),
        };
        value = (value << 5 | u32::from(digit)) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(value >> bits & 0xff)?);
        }
    }
    let bytes: [u8; 20] = bytes.try_into().ok().context("a secret has 20 bytes")?;
    Ok(Secret::from_bytes(bytes))
}

fn unbase64(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut value) = (Vec::new(), 0_u32, 0_u32);
    for c in text.bytes() {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        value = (value << 6 | u32::from(digit)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((value >> bits & 0xff) as u8);
        }
    }
    bytes
}
