//! `cargo xtask bench BUNDLE`: import and link on a STIX bundle, as ratios inside one run.
//!
//! The bare engine writes the very rows an import left behind, with the same schema, PRAGMAs,
//! batches and cache, and does nothing else: no reading of STIX, no gate, no signatures.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use noroshi_model::{Limits, Value};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};

/// Rows of items in one transaction of the bare engine, as an import writes them.
const BATCH: usize = 2000;
/// Runs of each contender; the median counts.
const RUNS: usize = 3;

/// Run the benches and print a table.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<()> {
    let Some(bundle) = args.first().map(PathBuf::from) else {
        bail!("name a STIX bundle, such as the ATT&CK enterprise one: cargo xtask bench FILE");
    };
    ensure!(bundle.exists(), "{} does not exist", bundle.display());
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--package", "noroshi"])
        .current_dir(root)
        .status()?;
    ensure!(built.success(), "the release build failed");
    let folder = std::env::temp_dir().join(format!("noroshi-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let outcome = measure(root, &folder, &bundle);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn measure(root: &Path, folder: &Path, bundle: &Path) -> Result<()> {
    let people = "root: passphrase\nsato: passphrase\nsuzuki: passphrase\n";
    let passphrases = folder.join("passphrases");
    std::fs::write(&passphrases, people)?;
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&passphrases, std::fs::Permissions::from_mode(0o600))?;
    let binary = root.join("target/release/noroshi");
    let node = |name: &str, nation: &str, port: u16| Node {
        binary: binary.clone(),
        home: folder.join(name),
        passphrases: passphrases.clone(),
        nation: nation.to_owned(),
        address: format!("127.0.0.1:{port}"),
    };
    let (mut imports, mut bares) = (Vec::new(), Vec::new());
    let mut objects = 0;
    for run in 0..RUNS {
        let fresh = node(&format!("import-{run}"), "JPN", 17_461);
        fresh.init()?;
        let (took, admitted) = fresh.import(bundle)?;
        objects = admitted;
        imports.push(took);
        let rows = Rows::read(&fresh.home.join("store/noroshi.db"))?;
        bares.push(rows.write(&folder.join(format!("bare-{run}")))?);
    }
    let (import, bare) = (median(imports), median(bares));
    println!(
        "import  {objects} objects: {:.2} s, {:.0} a second",
        import.as_secs_f64(),
        rate(objects, import)
    );
    println!(
        "bare    the same rows:     {:.2} s, {:.0} a second",
        bare.as_secs_f64(),
        rate(objects, bare)
    );
    println!(
        "ratio   import at {:.0} % of the bare engine",
        100.0 * bare.as_secs_f64() / import.as_secs_f64()
    );
    let took = link(
        &node("link-jp", "JPN", 17_471),
        &node("link-us", "USA", 17_472),
        bundle,
    )?;
    println!(
        "link    release to receipt: {:.2} s, {:.2} x both import times",
        took.as_secs_f64(),
        took.as_secs_f64() / (2.0 * import.as_secs_f64())
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(objects: u64, took: Duration) -> f64 {
    objects as f64 / took.as_secs_f64()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn now() -> Instant {
    Instant::now()
}

struct Node {
    binary: PathBuf,
    home: PathBuf,
    passphrases: PathBuf,
    nation: String,
    address: String,
}

impl Node {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--json").arg("--home").arg(&self.home);
        command
            .arg("--passphrase-file")
            .arg(&self.passphrases)
            .args(args)
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Result<Vec<serde_json::Value>> {
        let output = self.command(args).output()?;
        let complained = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "noroshi {}: {complained}",
            args.join(" ")
        );
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect())
    }

    fn answer(&self, args: &[&str]) -> Result<serde_json::Value> {
        let events = self.run(args)?;
        let last = events.last().context("no answer")?;
        Ok(last
            .get("answer")
            .or_else(|| last.get("row"))
            .cloned()
            .unwrap_or_default())
    }

    fn order(&self, args: &[&str]) -> Result<()> {
        let asked = self.answer(&[args, &["--as", "sato"]].concat())?;
        if asked["act"]["state"] == "pending" {
            let act = asked["act"]["id"].as_str().unwrap_or_default().to_owned();
            self.answer(&["act", "approve", &act, "--as", "suzuki"])?;
        }
        Ok(())
    }

    fn init(&self) -> Result<()> {
        self.run(&[
            "init",
            "--name-en",
            "Bench",
            "--name-ja",
            "計測",
            "--nation",
            &self.nation,
            "--listen",
            &self.address,
            "--person",
            "sato",
            "--person",
            "suzuki",
            "--cheap-keys",
        ])?;
        self.order(&[
            "profile",
            "set",
            "bench",
            "--title",
            "Bench",
            "--marking",
            "TLP:CLEAR",
        ])
    }

    fn import(&self, bundle: &Path) -> Result<(Duration, u64)> {
        let path = bundle.display().to_string();
        let began = now();
        let answer = self.answer(&["import", &path, "--profile", "bench"])?;
        Ok((
            began.elapsed(),
            answer["admitted"].as_u64().unwrap_or_default(),
        ))
    }

    fn serve(&self) -> Result<Child> {
        use std::io::BufRead;
        let mut child = self.command(&["serve"]).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("no output")?;
        std::io::BufReader::new(stdout).read_line(&mut String::new())?;
        Ok(child)
    }
}

/// From the order to share until every item is answered by a receipt; both nodes are servers.
fn link(jp: &Node, us: &Node, bundle: &Path) -> Result<Duration> {
    jp.init()?;
    us.init()?;
    jp.import(bundle)?;
    let mut servers = [jp.serve()?, us.serve()?];
    let outcome = (|| {
        let code = jp.answer(&["peer", "invite", "--as", "sato"])?;
        let code = code["code"].as_str().unwrap_or_default().to_owned();
        us.run(&["peer", "accept", &jp.address, &code, "--as", "sato"])?;
        let own = |node: &Node| -> Result<String> {
            let row = node.answer(&["peer", "list"])?;
            Ok(row["fingerprint"]["digits"]
                .as_str()
                .unwrap_or_default()
                .to_owned())
        };
        us.order(&["peer", "confirm", "JPN", "--fingerprint", &own(jp)?])?;
        jp.order(&["peer", "confirm", "USA", "--fingerprint", &own(us)?])?;
        us.run(&["peer", "sync"])?;
        let draft = jp.answer(&["agreement", "template", "--with", "USA"])?;
        let file = jp.home.join("draft.json");
        std::fs::write(&file, draft["agreement"].to_string())?;
        jp.order(&["agreement", "propose", &file.display().to_string()])?;
        jp.run(&["peer", "sync"])?;
        us.order(&[
            "agreement",
            "sign",
            draft["agreement"]["id"].as_str().unwrap_or_default(),
        ])?;
        us.run(&["peer", "sync"])?;
        jp.run(&["peer", "sync"])?;
        let began = now();
        jp.order(&["share", "--all", "--to", "USA"])?;
        loop {
            jp.run(&["peer", "sync"])?;
            let open = jp.run(&["receipts", "--outstanding", "--limit", "1"])?;
            if !open.iter().any(|event| event["kind"] == "receipt") {
                return Ok(began.elapsed());
            }
            ensure!(
                began.elapsed() < Duration::from_secs(300),
                "no receipts in five minutes"
            );
        }
    })();
    for server in &mut servers {
        server.kill()?;
        server.wait()?;
    }
    outcome
}

/// The rows an import left behind, by table, and the text of each item.
struct Rows {
    words: Vec<Vec<Sql>>,
    items: Vec<Vec<Sql>>,
    texts: Vec<(i64, String)>,
    ledger: Vec<Vec<Sql>>,
    tiles: Vec<Vec<Sql>>,
}

impl Rows {
    fn read(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        let all = |sql: &str| -> Result<Vec<Vec<Sql>>> {
            let mut statement = connection.prepare(sql)?;
            let width = statement.column_count();
            let rows = statement.query_map([], |row| (0..width).map(|at| row.get(at)).collect())?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        let items = all("SELECT * FROM item ORDER BY seq")?;
        let texts = items
            .iter()
            .filter_map(|row| match (row.first(), row.get(row.len() - 2)) {
                (Some(Sql::Integer(seq)), Some(Sql::Blob(bytes))) => {
                    let value = Value::parse(bytes, &Limits::DEFAULT).ok()?;
                    Some((*seq, noroshi_store::text::of_object(value.as_object()?)))
                }
                _ => None,
            })
            .collect();
        Ok(Self {
            words: all("SELECT * FROM word")?,
            items,
            texts,
            ledger: all("SELECT * FROM ledger ORDER BY idx")?,
            tiles: all("SELECT * FROM tile")?,
        })
    }

    /// Write them all, durably, into an empty store of the same schema; how long it took.
    fn write(&self, folder: &Path) -> Result<Duration> {
        // The store makes its own schema; the bench then writes past it.
        let options = noroshi_store::Options::default();
        let store = noroshi_store::Store::open(folder, &options)?;
        store.close()?;
        let connection = Connection::open(folder.join("noroshi.db"))?;
        connection.execute_batch(&format!(
            "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;
             PRAGMA wal_autocheckpoint = {}; PRAGMA cache_size = -{};",
            options.checkpoint_pages,
            options.cache_bytes / 1024
        ))?;
        let insert = |table: &str, rows: &[Vec<Sql>]| -> Result<()> {
            let Some(first) = rows.first() else {
                return Ok(());
            };
            let marks = vec!["?"; first.len()].join(",");
            let sql = format!("INSERT INTO {table} VALUES ({marks})");
            let mut statement = connection.prepare_cached(&sql)?;
            for row in rows {
                statement.execute(params_from_iter(row))?;
            }
            Ok(())
        };
        let began = now();
        connection.execute_batch("BEGIN")?;
        insert("word", &self.words)?;
        insert("tile", &self.tiles)?;
        connection.execute_batch("COMMIT")?;
        let batches = self.items.chunks(BATCH).zip(self.texts.chunks(BATCH));
        let mut ledger = self.ledger.chunks(BATCH);
        for (items, texts) in batches {
            connection.execute_batch("BEGIN")?;
            insert("item", items)?;
            let sql = "INSERT INTO item_text (rowid, text) VALUES (?1, ?2)";
            let mut statement = connection.prepare_cached(sql)?;
            for (seq, text) in texts {
                statement.execute((seq, text))?;
            }
            insert("ledger", ledger.next().unwrap_or_default())?;
            connection.execute_batch("COMMIT")?;
        }
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(began.elapsed())
    }
}
