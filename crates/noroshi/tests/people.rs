//! What a person sees: the language they are answered in, help, and mistakes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod home;

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use home::Home;

/// Run with what the environment says of languages, and nothing else of it.
fn run(home: &Home, env: &[(&str, &str)], args: &[&str]) -> Output {
    let mut command = home.command(args);
    for name in ["NOROSHI_LANG", "LC_ALL", "LC_MESSAGES", "LANG"] {
        command.env_remove(name);
    }
    command.envs(env.iter().copied()).output().unwrap()
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8(text).unwrap()
}

#[test]
fn an_unknown_language_is_refused_with_the_known_ones() {
    let home = Home::new();
    for (env, args) in [
        (&[][..], &["--lang", "xx", "doctor"][..]),
        (&[], &["doctor", "--lang=ja_JP"]),
        (&[("NOROSHI_LANG", "de")], &["doctor"]),
    ] {
        let output = run(&home, env, args);
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains("no language here: en, ja"));
    }
    let output = run(&home, &[], &["--json", "--lang", "xx", "doctor"]);
    assert!(said(&output).contains(r#""code":"lang.unknown""#));
}

#[test]
fn who_asks_chooses_the_language_before_the_administrator_and_the_system() {
    let home = Home::new();
    let is_japanese = |env: &[(&str, &str)], args: &[&str]| {
        said(&run(&home, env, &[args, &["alarm", "list"]].concat())).contains("未対応の警報")
    };
    // `init` wrote "en".
    let ja = [("LC_ALL", "ja_JP.UTF-8"), ("LANG", "ja_JP.UTF-8")];
    assert!(!is_japanese(&ja, &[]));
    assert!(is_japanese(&[], &["--lang", "ja"]));
    assert!(is_japanese(&[("NOROSHI_LANG", "ja")], &[]));
    assert!(!is_japanese(&[("NOROSHI_LANG", "ja")], &["--lang", "en"]));
    let config = home.folder.path().join("node/noroshi.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("= \"en\"", "= \"ja\"")).unwrap();
    assert!(is_japanese(&[("LANG", "en_US.UTF-8")], &[]));
    assert!(!is_japanese(&[], &["--lang", "en"]));
    // Without a node the system's locale decides, LC_ALL first.
    let told = |env: &[(&str, &str)]| {
        let mut command = Command::new(home::BINARY);
        let nowhere = home.folder.path().join("nowhere");
        command.env_clear().env("NOROSHI_HOME", nowhere);
        let output = command.envs(env.iter().copied()).arg("list").output();
        said(&output.unwrap()).contains("失敗")
    };
    assert!(told(&[("LANG", "ja_JP.UTF-8")]));
    assert!(told(&[("LC_ALL", "ja_JP"), ("LANG", "en_US.UTF-8")]));
    assert!(!told(&[("LC_ALL", "C"), ("LANG", "ja_JP.UTF-8")]));
    assert!(!told(&[]));
}

#[test]
fn help_and_mistakes_are_told_in_japanese_too() {
    let home = Home::new();
    let ja = |args: &[&str]| run(&home, &[], &[&["--lang", "ja"], args].concat());
    let output = ja(&["peer", "sync", "--help"]);
    assert!(output.status.success() && output.stderr.is_empty());
    let help = said(&output);
    for words in [
        "使い方: noroshi peer sync",
        "例: noroshi peer sync USA",
        "次に:",
    ] {
        assert!(help.contains(words), "{words}: {help}");
    }
    // How far the columns stand apart depends on the longest command.
    let whole = said(&ja(&["--help"]));
    let row = |line: &str| {
        let explained = line.trim_start().strip_prefix("doctor ");
        explained.is_some_and(|text| text.trim_start().starts_with("ノードは健全か"))
    };
    assert!(whole.lines().any(row), "{whole}");
    for (args, words) in [
        (&["share"][..], "必要な引数がありません"),
        (&["lisst"], "その命令はありません"),
        (&["list", "--tipe", "x"], "その引数はありません"),
        (&["list", "--limit", "x"], "引数の値"),
    ] {
        let output = ja(args);
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains(words), "{words}");
    }
}

/// The commands it prints are pasted into a shell that stands elsewhere and knows nothing of the
/// demonstration. A signal to it alone stops both nodes and leaves no folder behind.
#[test]
fn a_kept_demonstration_can_be_talked_to_from_anywhere_and_clears_up_when_it_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    // A path that a shell must be told of in quotes.
    let temporary = folder.path().join("it's kept");
    std::fs::create_dir(&temporary).unwrap();
    let mut child = Command::new(home::BINARY)
        .args(["--lang", "en", "demo", "--keep"])
        .env("TMPDIR", &temporary)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut commands: Vec<String> = Vec::new();
    while commands.len() < 8 {
        let line = lines.next().expect("the demonstration ended").unwrap();
        let line = line.trim();
        if line.contains(home::BINARY) {
            commands.push(line.to_owned());
        }
    }
    for command in &commands {
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir("/")
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {}", said(&output));
        assert!(!output.stdout.is_empty(), "{command}");
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}

#[test]
fn a_server_under_json_says_json_to_its_last_word() {
    let home = Home::new();
    let (mut child, mut said) = {
        let mut child = home
            .command(&["--json", "serve"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        (child, said)
    };
    let kind = |line: String| {
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        event["kind"].as_str().unwrap().to_owned()
    };
    assert_eq!(kind(said.next().unwrap().unwrap()), "serve");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let rest: Vec<String> = said.map(|line| kind(line.unwrap())).collect();
    assert_eq!(rest, ["stopped"]);
    assert!(child.wait().unwrap().success());
}
