//! Processes that die in the middle of a write, at every station of the way.
//!
//! A limit on the size of files makes the system kill the process (`SIGXFSZ`) in the very call that
//! writes beyond it. The limit moves page by page, so the death falls on another write each time,
//! and no test waits for a moment that may not come.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod home;

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Output, Stdio};

use home::{BINARY, Home, befriend, bundle, free_address, serve, stop, write};

/// The signal for a file that would grow too long, on Linux.
const SIGXFSZ: i32 = 25;
const PAGE: u64 = 4096;

/// The binary under a limit on the size of files, in bytes.
fn limited(home: &Home, bytes: u64, on_limit: &str, args: &[&str]) -> Command {
    let mut command = Command::new("sh");
    let script = format!(
        "{on_limit} ulimit -c 0; ulimit -f {}; exec \"$0\" \"$@\"",
        bytes / 512
    );
    command
        .arg("-c")
        .arg(script)
        .arg(BINARY)
        .arg("--home")
        .arg(home.folder.path().join("node"))
        .arg("--passphrase-file")
        .arg(home.passphrases())
        .args(args)
        .env("NOROSHI_LANG", "en")
        .stdin(Stdio::null());
    command
}

/// The bytes in the store's write-ahead log: what is written next comes behind them.
fn written(home: &Home) -> u64 {
    let log = home.folder.path().join("node/store/noroshi.db-wal");
    std::fs::metadata(log).map_or(0, |meta| meta.len())
}

fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(SIGXFSZ)
}

/// Run a command so often, each time a page further from its death; how often it died.
fn killed(home: &Home, times: u64, pages: u64, args: &[&str]) -> usize {
    let attempts = (1..=times).map(|attempt| {
        let limit = written(home) + attempt * pages * PAGE;
        let ended = limited(home, limit, "", args).output().unwrap();
        home.ok(&["ledger", "verify"]);
        was_killed(ended.status)
    });
    attempts.filter(|killed| *killed).count()
}

/// Clause: I5
#[test]
fn imports_killed_at_any_write_lose_nothing_and_go_on_where_they_were() {
    let home = Home::new();
    let path = write(&home, "whole.json", &bundle(6000));
    let kills = killed(&home, 25, 37, &["import", &path]);
    assert!(kills >= 15, "only {kills} of 25 died");
    home.ok(&["import", &path]);
    assert!(
        home.ok(&["list", "--limit", "10000"]).contains("6000 rows"),
        "each object once"
    );
    home.ok(&["ledger", "verify"]);
}

/// Clause: I5
#[test]
fn a_disk_that_fills_is_a_clear_error_and_nothing_accepted_is_lost() {
    let home = Home::new();
    let path = write(&home, "whole.json", &bundle(6000));
    let full = |pages: u64| -> Output {
        let limit = written(&home) + pages * PAGE;
        let args = ["import", &path];
        limited(&home, limit, "trap '' XFSZ;", &args)
            .output()
            .unwrap()
    };
    for pages in [3, 100, 500] {
        let ended = full(pages);
        let complained = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(5), "{pages}: {complained}");
        assert!(complained.contains("disk"), "{pages}: {complained}");
        home.ok(&["ledger", "verify"]);
    }
    home.ok(&["import", &path]);
    assert!(home.ok(&["list", "--limit", "10000"]).contains("6000 rows"));
    home.ok(&["ledger", "verify"]);
}

/// Clause: I5
#[test]
fn a_backup_that_dies_or_finds_no_room_leaves_the_one_before_and_no_half_under_its_name() {
    let home = Home::new();
    let path = write(&home, "whole.json", &bundle(600));
    home.ok(&["import", &path]);
    let file = |name: &str| home.folder.path().join(name);
    let (first, second) = (file("first.backup"), file("second.backup"));
    let make = |file: &std::path::Path| {
        let file = file.display().to_string();
        [
            "backup".into(),
            "make".into(),
            file,
            "--as".into(),
            "sato".to_owned(),
        ]
    };
    let args = |file| -> Vec<String> { make(file).to_vec() };
    fn words(args: &[String]) -> Vec<&str> {
        args.iter().map(String::as_str).collect()
    }
    home.ok(&words(&args(&first)));
    let whole = std::fs::read(&first).unwrap();
    let mut died = 0;
    for part in 1..=8 {
        let limit = whole.len() as u64 * part / 8 / PAGE * PAGE;
        let ended = limited(&home, limit, "", &words(&args(&second)))
            .output()
            .unwrap();
        died += usize::from(was_killed(ended.status));
        assert!(!second.exists(), "{part}");
        let full = limited(&home, limit, "trap '' XFSZ;", &words(&args(&second)));
        let full = { full }.output().unwrap();
        assert!(!full.status.success() && !second.exists(), "{part}");
    }
    assert!(died >= 6, "only {died} of 8 died");
    assert_eq!(std::fs::read(&first).unwrap(), whole);
    home.ok(&["ledger", "verify"]);
    assert!(home.ok(&["backup", "list"]).contains("not finished"));
    home.ok(&words(&args(&second)));
    for file in [&first, &second] {
        home.ok(&["backup", "verify", &file.display().to_string()]);
    }
    assert!(!file("second.backup.part").exists());
    assert!(!home.folder.path().join("node/store/snapshot.db").exists());
}

/// The receiver dies so often while the sender syncs, each time some pages later.
fn receiver_killed(from: &Home, to: &Home, times: u64, pages: u64) -> usize {
    let attempts = (1..=times).map(|attempt| {
        let limit = written(to) + attempt * pages * PAGE;
        let (child, ready) = serve(limited(to, limit, "", &["--json", "serve"]));
        if ready {
            from.run(&["peer", "sync"]);
        }
        let killed = was_killed(stop(child));
        to.ok(&["ledger", "verify"]);
        killed
    });
    attempts.filter(|killed| *killed).count()
}

/// Clause: I5
#[test]
fn release_receipt_and_recall_survive_deaths_at_every_station_of_both_nodes() {
    let (jp_address, us_address) = (free_address(), free_address());
    let (jp, us) = (Home::of("JPN", &jp_address), Home::of("USA", &us_address));
    befriend(&jp, &us);
    let path = write(&jp, "whole.json", &bundle(300));
    jp.ok(&["import", &path]);

    // The releaser dies while it writes the release down, and while it sends.
    let release = ["share", "--all", "--to", "USA", "--as", "sato"];
    let mut kills = killed(&jp, 10, 3, &release);
    jp.run(&release);
    kills += receiver_killed(&jp, &us, 12, 5);
    let (server, _) = serve(us.command(&["--json", "serve"]));
    kills += killed(&jp, 10, 3, &["peer", "sync"]);
    let unanswered = || {
        let rows = jp.ok(&["--json", "receipts", "--outstanding", "--limit", "1000"]);
        rows.matches("\"kind\":\"receipt\"").count()
    };
    jp.ok(&["peer", "sync"]);
    jp.ok(&["peer", "sync"]);
    assert_eq!(unanswered(), 0, "every release is answered");
    stop(server);
    assert!(us.ok(&["list", "--limit", "1000"]).contains("301 rows"));

    // So does a recall, on both sides.
    let item = "malware--00000000-0000-4000-8000-000000000007";
    let recall = [
        "recall", item, "--mode", "destroy", "--reason", "test", "--as", "sato",
    ];
    kills += killed(&jp, 6, 1, &recall);
    jp.run(&recall);
    kills += receiver_killed(&jp, &us, 6, 2);
    let (server, _) = serve(us.command(&["--json", "serve"]));
    jp.ok(&["peer", "sync"]);
    jp.ok(&["peer", "sync"]);
    stop(server);
    assert_eq!(unanswered(), 0, "the recall is answered");
    let listed = us.ok(&["list", "--state", "admitted", "--limit", "1000"]);
    assert!(listed.contains("300 rows"), "{listed}");
    for home in [&jp, &us] {
        home.ok(&["ledger", "verify"]);
    }
    assert!(kills >= 35, "only {kills} died");
}
