//! `noroshi.toml`: the one file of configuration. Unknown keys are refused, every key is documented
//! in the file that `init` writes. Secrets never stand here.

mod watch;

use std::path::{Path, PathBuf};

use noroshi_model::Limits;
use serde::Deserialize;

use crate::command::Failure;
use crate::messages::Lang;

use watch::WatchSection;
pub use watch::{Watch, WatchFrom};

/// What a node was told by its administrator.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The node's folder.
    pub home: PathBuf,
    /// Language of a person who asks for none.
    pub lang: Lang,
    /// `host:port` where the link listens.
    pub listen: String,
    /// `host:port` under which partners find it.
    pub address: String,
    /// Seconds between exchanges with a peer when nothing wakes them.
    pub sync_interval_seconds: u64,
    /// Largest link frame, in bytes.
    pub frame_bytes_max: usize,
    /// Page cache of the store, in bytes.
    pub cache_bytes: u64,
    /// Caps on input.
    pub limits: Limits,
    /// Where TAXII is served, if it is.
    pub taxii: Option<Taxii>,
    /// Where the console is served, if it is.
    pub console: Option<Console>,
    /// The telemetry that `serve` watches.
    pub watches: Vec<Watch>,
}

/// How the console is served.
#[derive(Clone, Debug, PartialEq)]
pub struct Console {
    /// Address and port.
    pub listen: std::net::SocketAddr,
    /// Files with the certificates and the private key (PEM). Without them it is served in the
    /// clear on a loopback address, and with the node's own certificate on any other.
    pub tls: Option<(PathBuf, PathBuf)>,
}

impl Console {
    /// Is it served over TLS?
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.tls.is_some() || !self.listen.ip().is_loopback()
    }
}

/// How TAXII is served.
#[derive(Clone, Debug, PartialEq)]
pub struct Taxii {
    /// `host:port`.
    pub listen: String,
    /// Files with the certificates and the private key (PEM), relative to the node's folder where
    /// they are no absolute paths. Without them it is served in the clear, on a loopback address
    /// only: for tools on this machine, or a proxy in front.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Largest body posted, in bytes.
    pub body_bytes_max: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    language: String,
    link: LinkSection,
    store: StoreSection,
    limits: LimitsSection,
    // Files from before TAXII have none.
    taxii: Option<TaxiiSection>,
    // Files from before the console have none.
    console: Option<ConsoleSection>,
    // Files from before telemetry have none.
    #[serde(default)]
    watch: Vec<WatchSection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsoleSection {
    listen: String,
    certificate: String,
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaxiiSection {
    listen: String,
    certificate: String,
    key: String,
    body_mib: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkSection {
    listen: String,
    address: String,
    sync_interval_seconds: u64,
    frame_kib: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreSection {
    cache_mib: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsSection {
    object_bytes: usize,
    depth: usize,
    values: usize,
    string_bytes: usize,
    objects: usize,
}

/// Largest configuration file read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

impl Config {
    /// Read `noroshi.toml` in the node's folder.
    ///
    /// # Errors
    /// The file is missing, too large, not TOML, has an unknown key or a value out of range.
    pub fn read(home: &Path) -> Result<Self, Failure> {
        let path = home.join("noroshi.toml");
        let shown = path.display();
        let size = std::fs::metadata(&path)
            .map_err(|error| {
                Failure::new("home.none", 4, format_args!("cannot read {shown}: {error}"))
                    .arg("folder", home.display())
            })?
            .len();
        if size > FILE_BYTES_MAX {
            return Err(invalid(&path, "is larger than 64 KiB"));
        }
        let text =
            std::fs::read_to_string(&path).map_err(|error| invalid(&path, &error.to_string()))?;
        Self::parse(&text, home).map_err(|problem| invalid(&path, &problem))
    }

    /// The configuration a text holds, for a node in that folder.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str, home: &Path) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        file.checked(home)
    }

    /// The file `init` writes: every key with its meaning.
    #[must_use]
    pub fn template(listen: &str, address: &str, console: &str, lang: Lang) -> String {
        format!(
            r#"# Noroshi node configuration. Unknown keys are refused; changes take effect at the next start.
version = 1

# Language of people who ask for none with --lang: "en" or "ja".
language = "{lang}"

[link]
# Where this node listens for its partners, host:port.
listen = "{listen}"
# Under which host:port partners find it; given to them when pairing.
address = "{address}"
# Seconds between exchanges when nothing new wakes the link (1 to 86400).
sync_interval_seconds = 30
# Largest frame in KiB (64 to 8192). A partner may use another value.
frame_kib = 1024

[store]
# Page cache in MiB (4 to 4096): the node's main use of memory.
cache_mib = 48

[limits]
# Largest object in bytes (1000 to 8000000).
object_bytes = 1000000
# Deepest nesting (8 to 128).
depth = 64
# Most values in one object.
values = 50000
# Longest string in bytes.
string_bytes = 500000
# Most objects in one file.
objects = 10000000

[taxii]
# Where TAXII 2.1 is served, host:port; empty for nowhere.
listen = ""
# Files with the certificates and the private key (PEM, the key with mode 600). Where both are empty
# it is served without TLS, on a loopback address only: for tools on this machine or a proxy.
certificate = ""
key = ""
# Largest body posted, in MiB (1 to 1024).
body_mib = 100

[console]
# Where people's browsers find the console, address:port; empty for nowhere. 127.0.0.1 is this machine
# alone, in the clear; any other address is served over TLS.
listen = "{console}"
# Files with the certificates and the private key (PEM, the key with mode 600). Where both are empty
# the node's own certificate is shown, which browsers do not know and warn of.
certificate = ""
key = ""

# Telemetry that serve holds against the indicators at work; one [[watch]] for each source:
# [[watch]]
# name = "zeek"
# from = "/var/log/zeek/current"  # a file or a folder; or udp:, tcp:, tls:, http:, https: IP:PORT
# format = "auto"                 # or a name that `noroshi sources` lists
# certificate and key (tls, https) and token_file (http, https) are files, mode 600 where secret.
"#,
            lang = lang.as_str(),
        )
    }
}

impl File {
    fn checked(self, home: &Path) -> Result<Config, String> {
        if self.version != 1 {
            return Err(format!(
                "`version` is {}; this node knows 1: update it",
                self.version
            ));
        }
        let lang = Lang::from_word(&self.language)
            .ok_or_else(|| format!("`language` is `{}`; write \"en\" or \"ja\"", self.language))?;
        for (key, value) in [
            ("listen", &self.link.listen),
            ("address", &self.link.address),
        ] {
            if value
                .rsplit_once(':')
                .is_none_or(|(_, port)| port.parse::<u16>().is_err())
            {
                return Err(format!("`link.{key}` is `{value}`; write host:port"));
            }
        }
        within(
            "link.sync_interval_seconds",
            self.link.sync_interval_seconds,
            1,
            86_400,
        )?;
        within("link.frame_kib", self.link.frame_kib as u64, 64, 8192)?;
        within("store.cache_mib", self.store.cache_mib, 4, 4096)?;
        within(
            "limits.object_bytes",
            self.limits.object_bytes as u64,
            1000,
            8_000_000,
        )?;
        within("limits.depth", self.limits.depth as u64, 8, 128)?;
        within("limits.values", self.limits.values as u64, 100, 1_000_000)?;
        within(
            "limits.string_bytes",
            self.limits.string_bytes as u64,
            1000,
            8_000_000,
        )?;
        within(
            "limits.objects",
            self.limits.objects as u64,
            1,
            1_000_000_000,
        )?;
        let taxii = self
            .taxii
            .filter(|section| !section.listen.is_empty())
            .map(|section| section.checked(home))
            .transpose()?;
        let console = self
            .console
            .filter(|section| !section.listen.is_empty())
            .map(|section| section.checked(home))
            .transpose()?;
        Ok(Config {
            taxii,
            console,
            watches: watch::checked(self.watch, home)?,
            home: home.to_path_buf(),
            lang,
            listen: self.link.listen,
            address: self.link.address,
            sync_interval_seconds: self.link.sync_interval_seconds,
            frame_bytes_max: self.link.frame_kib * 1024,
            cache_bytes: self.store.cache_mib * 1024 * 1024,
            limits: Limits {
                object_bytes_max: self.limits.object_bytes,
                depth_max: self.limits.depth,
                values_max: self.limits.values,
                string_bytes_max: self.limits.string_bytes,
                objects_max: self.limits.objects,
            },
        })
    }
}

impl ConsoleSection {
    fn checked(self, home: &Path) -> Result<Console, String> {
        let tls = match (self.certificate.is_empty(), self.key.is_empty()) {
            (false, false) => Some((home.join(&self.certificate), home.join(&self.key))),
            (true, true) => None,
            _ => {
                return Err("name both `console.certificate` and `console.key`, or neither".into());
            }
        };
        let listen = self.listen.parse().map_err(|_| {
            format!(
                "`console.listen` is `{}`; write an IP address and a port, such as 127.0.0.1:7480",
                self.listen
            )
        })?;
        Ok(Console { listen, tls })
    }
}

impl TaxiiSection {
    fn checked(self, home: &Path) -> Result<Taxii, String> {
        let has_tls = match (self.certificate.is_empty(), self.key.is_empty()) {
            (false, false) => true,
            (true, true) => false,
            _ => return Err("name both `taxii.certificate` and `taxii.key`, or neither".into()),
        };
        let address: std::net::SocketAddr = self.listen.parse().map_err(|_| {
            format!(
                "`taxii.listen` is `{}`; write an IP address and a port, such as 127.0.0.1:8443",
                self.listen
            )
        })?;
        if !has_tls && !address.ip().is_loopback() {
            return Err(format!(
                "`taxii.listen` is {address}, which others can reach: name `taxii.certificate` and \
                 `taxii.key`, or listen on 127.0.0.1"
            ));
        }
        within("taxii.body_mib", self.body_mib, 1, 1024)?;
        Ok(Taxii {
            listen: self.listen,
            tls: has_tls.then(|| (home.join(&self.certificate), home.join(&self.key))),
            body_bytes_max: self.body_mib * 1024 * 1024,
        })
    }
}

fn within(key: &str, value: u64, least: u64, most: u64) -> Result<(), String> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(format!("`{key}` is {value}; write {least} to {most}"))
    }
}

fn invalid(path: &Path, problem: &str) -> Failure {
    Failure::new(
        "config.invalid",
        2,
        format_args!("{}: {problem}", path.display()),
    )
    .arg("file", path.display())
    .arg("problem", problem)
}
