//! Chromium over its debugging pipe: one page, commands, and the events that came meanwhile.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

/// A browser with one page. It ends when this is dropped.
pub(super) struct Chromium {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    session: Option<String>,
    last: u64,
    /// What happened since it was last asked.
    events: Vec<Value>,
}

impl Chromium {
    /// Start one with a profile of its own. It is stopped after two minutes whatever it does.
    pub(super) fn start(program: &Path, profile: &Path) -> Result<Self> {
        // The pipe is on descriptors 3 and 4, which a shell makes of the two that we have.
        let script = "exec timeout --foreground 120 \"$0\" --headless=new --no-sandbox \
            --disable-gpu --hide-scrollbars --no-first-run --disable-background-networking \
            --disable-component-update --disable-sync --remote-debugging-pipe \
            --user-data-dir=\"$1\" about:blank 3<&0 4>&1 >/dev/null 2>/dev/null";
        let mut child = Command::new("sh")
            .args(["-c", script])
            .arg(program)
            .arg(profile)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("a shell")?;
        let input = child.stdin.take().context("its input")?;
        let output = BufReader::new(child.stdout.take().context("its output")?);
        let mut browser = Self {
            child,
            input,
            output,
            session: None,
            last: 0,
            events: Vec::new(),
        };
        let made = browser.call("Target.createTarget", json!({ "url": "about:blank" }))?;
        let target = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", target)?;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}))?;
        }
        Ok(browser)
    }

    /// A command and its answer.
    pub(super) fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        let mut bytes = serde_json::to_vec(&message)?;
        bytes.push(0);
        self.input.write_all(&bytes)?;
        loop {
            let mut answer = self.read()?;
            if answer["id"] == self.last {
                if let Some(error) = answer.get("error") {
                    bail!("{method}: {error}");
                }
                return Ok(answer["result"].take());
            }
            self.events.push(answer);
        }
    }

    fn read(&mut self) -> Result<Value> {
        let mut bytes = Vec::new();
        self.output.read_until(0, &mut bytes)?;
        ensure!(bytes.pop() == Some(0), "the browser has ended");
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// Wait until an event of that name has come since the events were last taken.
    pub(super) fn wait(&mut self, method: &str) -> Result<()> {
        while !self.events.iter().any(|event| event["method"] == method) {
            let event = self.read()?;
            self.events.push(event);
        }
        Ok(())
    }

    /// Everything that happened since this was last asked.
    pub(super) fn take_events(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.events)
    }

    /// Put events back that were taken.
    pub(super) fn keep(&mut self, events: impl Iterator<Item = Value>) {
        self.events.extend(events);
    }

    /// The value of an expression in the page.
    pub(super) fn value(&mut self, expression: &str) -> Result<Value> {
        let asked =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.call("Runtime.evaluate", asked)?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            bail!("{expression:.60}: {thrown}");
        }
        Ok(answer["result"]["value"].take())
    }

    /// Press a key.
    pub(super) fn press(&mut self, key: &str) -> Result<()> {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            other => (u32::from(other.chars().next().unwrap_or(' ')), other),
        };
        let mut event = json!({ "type": "keyDown", "key": key, "windowsVirtualKeyCode": code });
        if !text.is_empty() {
            event["text"] = text.into();
        }
        self.call("Input.dispatchKeyEvent", event.clone())?;
        event["type"] = "keyUp".into();
        self.call("Input.dispatchKeyEvent", event).map(|_| ())
    }

    /// Type a text where the focus is.
    pub(super) fn type_text(&mut self, text: &str) -> Result<()> {
        self.call("Input.insertText", json!({ "text": text }))
            .map(|_| ())
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Asked to, it ends all its processes; it writes into its profile until then.
        self.session = None;
        if self.call("Browser.close", json!({})).is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
