//! The real binary, as people use and misuse it.

mod home;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use home::{Home, bundle, order, serve, write};

#[test]
fn mistakes_get_a_plain_sentence_and_an_exit_code_of_their_own() {
    let home = Home::new();
    assert!(
        home.refused(&["show", "00000000"], 4)
            .contains("no item here is called `00000000`")
    );
    assert!(
        home.refused(&["import", "nowhere.json"], 4)
            .contains("nowhere.json")
    );
    assert!(
        home.refused(&["share", "--all", "--to", "USA", "--as", "sato"], 4)
            .contains("peer list")
    );
    assert!(
        home.refused(&["act", "approve", "00000000", "--as", "sato"], 4)
            .contains("act list")
    );
    let again = [
        "init",
        "--name-en",
        "T",
        "--name-ja",
        "T",
        "--nation",
        "JPN",
        "--person",
        "a",
    ];
    assert!(!home.refused(&again, 2).is_empty());
    std::fs::set_permissions(home.passphrases(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let set = [
        "profile",
        "set",
        "p",
        "--title",
        "t",
        "--marking",
        "TLP:CLEAR",
        "--as",
        "sato",
    ];
    assert!(home.refused(&set, 2).contains("chmod 600"));
}

#[test]
fn a_secret_that_others_can_read_and_a_key_of_configuration_nobody_knows_are_refused() {
    let home = Home::new();
    let node = home.folder.path().join("node");
    let config = node.join("noroshi.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("shar_with = \"all\"\n{text}")).unwrap();
    assert!(home.refused(&["doctor"], 2).contains("shar_with"));
    std::fs::write(&config, text).unwrap();
    let key = node.join("keys/items.key");
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(home.refused(&["doctor"], 3).contains("chmod 600"));
}

/// Clause: I5
#[test]
fn a_folder_or_file_that_others_can_reach_is_refused_with_what_closes_it() {
    let home = Home::new();
    let node = home.folder.path().join("node");
    let closed = |path: &str, mode: u32| {
        let path = if path.is_empty() {
            node.clone()
        } else {
            node.join(path)
        };
        let open = std::fs::Permissions::from_mode(mode | 0o044);
        std::fs::set_permissions(&path, open).unwrap();
        let said = home.refused(&["list"], 3);
        let mends = format!("chmod {mode:o} {}", path.display());
        assert!(said.contains(&mends), "{said}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        home.ok(&["list"]);
    };
    for folder in ["", "keys", "store"] {
        closed(folder, 0o700);
    }
    for file in ["keys/ledger.key", "store/noroshi.db"] {
        closed(file, 0o600);
    }
}

#[test]
fn a_second_process_on_one_store_goes_by_the_socket_or_is_told_who_has_it() {
    let home = Home::of("JPN", &home::free_address());
    // With a server there is no second process on the store: commands are asked of it.
    let serving = home::Serving::of(&home);
    home.ok(&["list"]);
    let has = "another process has the store";
    assert!(home.refused(&["serve"], 7).contains(has));
    // Without its socket a command opens the store itself, and is told.
    let node = home.folder.path().join("node");
    std::fs::remove_file(noroshi_node::home::Home::at(&node).socket()).unwrap();
    assert!(home.refused(&["list"], 7).contains(has));
    drop(serving);
}

/// Clause: I5
#[test]
fn a_backup_is_checked_anywhere_and_only_with_its_passphrase() {
    let home = Home::new();
    let open = write(&home, "a.json", &bundle(3));
    home.ok(&["import", &open]);
    let path = |name: &str| home.folder.path().join(name).display().to_string();
    let (locked, plain) = (path("locked.backup"), path("plain.backup"));
    home.ok(&["backup", "make", &locked, "--as", "sato"]);
    home.ok(&["backup", "make", &plain, "--plain", "--as", "sato"]);
    assert!(
        home.refused(&["backup", "make", &plain, "--as", "sato"], 2)
            .contains("exists")
    );
    let elsewhere = Home::new();
    for file in [&locked, &plain] {
        assert!(
            elsewhere
                .ok(&["backup", "verify", file])
                .contains("holds together")
        );
    }
    assert!(home.ok(&["doctor"]).contains("plain.backup"));
    let secrets = std::fs::read_to_string(home.passphrases()).unwrap();
    let wrong = secrets.replace("backup: the", "backup: a");
    std::fs::write(home.passphrases(), wrong).unwrap();
    assert!(
        home.refused(&["backup", "verify", &locked], 5)
            .contains("passphrase")
    );
    std::fs::write(
        home.passphrases(),
        secrets.replace("the backup passphrase", "short"),
    )
    .unwrap();
    home.refused(&["backup", "make", &path("c"), "--as", "sato"], 2);
    let listed = home.ok(&["--json", "backup", "list"]);
    let row: serde_json::Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let id = row["row"]["id"].as_str().unwrap();
    home.refused(&["backup", "forget", id, "--as", "sato"], 3);
    std::fs::remove_file(&locked).unwrap();
    assert!(
        home.ok(&["backup", "forget", id, "--as", "sato"])
            .contains("as stated")
    );
}

/// Clause: I5
#[test]
fn who_asks_cannot_approve_and_an_approval_serves_once() {
    let home = Home::new();
    let set = [
        "profile",
        "set",
        "p",
        "--title",
        "t",
        "--marking",
        "TLP:CLEAR",
        "--as",
        "sato",
    ];
    let said = home.ok(&set);
    let act = said
        .split_whitespace()
        .find(|word| word.len() == 64)
        .unwrap()
        .to_owned();
    assert!(
        home.refused(&["act", "approve", &act, "--as", "sato"], 3)
            .contains("another person must")
    );
    assert!(
        home.ok(&["profile", "list"]).is_empty(),
        "nothing took effect"
    );
    home.ok(&["act", "approve", &act, "--as", "suzuki"]);
    assert!(home.ok(&["profile", "list"]).contains("TLP:CLEAR"));
    assert!(
        home.refused(&["act", "approve", &act, "--as", "suzuki"], 3)
            .contains("already")
    );
}

#[test]
fn unmarked_objects_are_held_and_a_known_object_changes_nothing() {
    let home = Home::new();
    let open = write(&home, "a.json", &bundle(3));
    let bare = bundle(2).replace(
        r#","object_marking_refs":["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"]"#,
        r#","labels":["bare"]"#,
    );
    let bare = write(&home, "b.json", &bare.replace("-8000-", "-9000-"));
    assert!(home.ok(&["import", &open]).contains("3 admitted"));
    assert!(
        home.ok(&["import", &open])
            .contains("0 admitted, 3 known before")
    );
    assert!(
        home.ok(&["import", &bare])
            .contains("2 because it carries no release marking")
    );
    assert!(home.ok(&["list", "--state", "held"]).contains("2 rows"));
    home.ok(&["ledger", "verify"]);
}

/// Clause: I5
#[test]
fn a_killed_import_loses_nothing_it_acknowledged_and_goes_on_where_it_was() {
    let home = Home::new();
    let whole = bundle(9000);
    for part in 1..=5 {
        let mut child = home
            .command(&["--json", "import", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let bytes = &whole.as_bytes()[..whole.len() * part / 6];
        // Fed so far, then killed while it works on it.
        child.stdin.as_mut().unwrap().write_all(bytes).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        home.ok(&["ledger", "verify"]);
    }
    let path = write(&home, "whole.json", &whole);
    home.ok(&["import", &path]);
    let listed = home.ok(&["list", "--limit", "10000"]);
    assert!(listed.contains("9000 rows"), "each object once");
    home.ok(&["ledger", "verify"]);
}

#[test]
fn bad_input_is_refused_object_by_object_and_the_rest_is_taken() {
    let home = Home::new();
    let mixed = bundle(3).replacen("\"is_family\":true", "\"is_family\":\"yes\"", 1);
    let path = write(&home, "mixed.json", &mixed);
    let said = home.ok(&["import", &path]);
    assert!(
        said.contains("`is_family` is not true or false (STIX 2.1, 4.11)"),
        "{said}"
    );
    assert!(
        said.contains("2 admitted") && said.contains("1 refused"),
        "{said}"
    );
}

/// Clause: I5
#[test]
fn keys_are_rotated_and_revoked_by_two_persons_and_a_rotation_cut_off_is_finished_at_the_start() {
    let home = Home::new();
    let keys = home.folder.path().join("node/keys");
    for purpose in ["items", "ledger", "tls", "sealing"] {
        let kept = keys.join(format!("{purpose}.key"));
        let before = std::fs::read(&kept).unwrap();
        let said = home.ok(&["key", "rotate", purpose, "--as", "sato"]);
        let act = said
            .split_whitespace()
            .find(|word| word.len() == 64)
            .unwrap()
            .to_owned();
        assert_eq!(
            std::fs::read(&kept).unwrap(),
            before,
            "nothing changes before the approval"
        );
        home.ok(&["act", "approve", &act, "--as", "suzuki"]);
        let after = std::fs::read(&kept).unwrap();
        assert_ne!(after, before);
        // As if the power had gone after the commit: the old file in place, the new one beside it.
        let shown = home.ok(&["key", "show"]);
        let id = shown.lines().rfind(|line| line.contains(purpose)).unwrap();
        let id = id.split_whitespace().find(|word| word.len() == 64).unwrap();
        let next = keys.join(format!("{purpose}-{id}.key"));
        std::fs::rename(&kept, &next).unwrap();
        std::fs::write(&kept, &before).unwrap();
        std::fs::set_permissions(&kept, std::fs::Permissions::from_mode(0o600)).unwrap();
        home.ok(&["doctor"]);
        assert_eq!(std::fs::read(&kept).unwrap(), after);
        assert!(!next.exists());
    }
    let first = home.ok(&["key", "show"]);
    let old = first
        .split_whitespace()
        .find(|word| word.len() == 64)
        .unwrap()
        .to_owned();
    let said = home.ok(&["key", "revoke", &old, "--as", "sato"]);
    let act = said
        .split_whitespace()
        .find(|word| word.len() == 64)
        .unwrap()
        .to_owned();
    home.ok(&["act", "approve", &act, "--as", "suzuki"]);
    home.ok(&["ledger", "verify"]);
    let current = home.ok(&["key", "show"]);
    let current = current
        .split_whitespace()
        .filter(|word| word.len() == 64)
        .nth(4)
        .unwrap()
        .to_owned();
    assert!(
        home.refused(&["key", "revoke", &current, "--as", "sato"], 3)
            .contains("rotate it first")
    );
}

/// Clause: I5
#[test]
fn a_root_kept_offline_is_missed_only_where_it_must_sign_and_never_comes_into_the_folder() {
    let home = Home::new();
    let root = home.folder.path().join("node/keys/root.key");
    let vault = home.folder.path().join("root.key");
    std::fs::rename(&root, &vault).unwrap();
    let path = write(&home, "b.json", &bundle(3));
    home.ok(&["import", &path]);
    home.ok(&["doctor"]);
    let rotate = ["key", "rotate", "items", "--as", "sato"];
    let told = home.refused(&rotate, 4);
    assert!(
        told.contains("say with --root-key where it is kept"),
        "{told}"
    );
    let (mut server, ready) = serve(home.command(&["--json", "serve"]));
    assert!(ready);
    let kept = vault.display().to_string();
    // One that others can read is refused wherever it lies.
    let mode = |bits| std::fs::set_permissions(&vault, PermissionsExt::from_mode(bits)).unwrap();
    mode(0o644);
    let rooted = [&rotate[..], &["--root-key", &kept]].concat();
    assert!(home.refused(&rooted, 3).contains("chmod 600"));
    mode(0o600);
    let word = |said: &str| {
        let mut words = said.split_whitespace();
        words.find(|word| word.len() == 64).unwrap().to_owned()
    };
    let former = word(&home.ok(&["key", "show"]));
    let act = word(&home.ok(&rooted));
    home.ok(&["act", "approve", &act, "--as", "suzuki"]);
    let revoke = ["key", "revoke", &former, "--as", "sato"];
    let act = word(&home.ok(&[&revoke[..], &["--root-key", &kept]].concat()));
    home.ok(&["act", "approve", &act, "--as", "suzuki"]);
    assert!(!root.exists());
    server.kill().unwrap();
    server.wait().unwrap();
    home.ok(&["ledger", "verify"]);
}

#[test]
fn a_pattern_is_checked_and_tried_without_a_node() {
    let home = Home::new();
    let cut = home.refused(&["pattern", "check", "[ipv4-addr:value = ]"], 2);
    assert!(cut.contains("column 20"), "{cut}");
    let look_around = "[url:value MATCHES '(?=a)b']";
    home.refused(&["pattern", "check", look_around], 2);
    let plain = "[domain-name:value='a.example'] OR [url:value = 'http://b.example/']";
    let said = home.ok(&["pattern", "check", plain]);
    assert!(said.contains("[domain-name:value = 'a.example']"), "{said}");
    assert!(said.contains("Plain values: 2"), "{said}");
    let both = "[ipv4-addr:value = '198.51.100.7'] FOLLOWEDBY [domain-name:value = 'c.example']";
    assert!(home.ok(&["pattern", "check", both]).contains("compound"));

    let seen = |number: u8, object: &str| {
        format!(
            r#"{{"type":"observed-data","id":"observed-data--{number}","number_observed":1,
            "first_observed":"2026-01-01T00:00:0{number}Z",
            "last_observed":"2026-01-01T00:00:0{number}Z","objects":{{"0":{object}}}}}"#
        )
    };
    let address = r#"{"type":"ipv4-addr","value":"198.51.100.7"}"#;
    let domain = r#"{"type":"domain-name","value":"c.example"}"#;
    // The file's order is not the order of what happened.
    let after = write(
        &home,
        "after.json",
        &format!("[{},{}]", seen(2, domain), seen(1, address)),
    );
    let said = home.ok(&["pattern", "match", both, &after]);
    assert!(said.contains("Hits: 1, in 2"), "{said}");
    let before = write(
        &home,
        "before.json",
        &format!("[{},{}]", seen(1, domain), seen(2, address)),
    );
    home.refused(&["pattern", "match", both, &before], 4);
    home.refused(&["pattern", "match", both, "nowhere.json"], 2);
}

#[test]
fn traffic_is_watched_from_files_and_by_a_running_node_from_sockets() {
    use std::io::Read as _;
    let home = Home::of("JPN", &home::free_address());
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/samples");
    home.ok(&["import", &format!("{samples}/indicator.json")]);
    let said = home.ok(&["watch", &format!("{samples}/dns.log")]);
    assert!(
        said.contains("recognised as dnsmasq") && said.contains("HIT indicator--0c7e3d4e"),
        "{said}"
    );
    assert!(
        home.refused(&["watch", "-", "--format", "nothing"], 2)
            .contains("dnsmasq")
    );
    let said = home.ok(&["--json", "watch", &format!("{samples}/dns.log")]);
    let told = home::json(&said);
    assert_eq!(told["hits"], 1);
    assert_eq!(told["events"], 7);

    let node = home.folder.path().join("node");
    let (posts, streams) = (home::free_address(), home::free_address());
    let token = write(&home, "token", "a token of the test\n");
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    let config = node.join("noroshi.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let watches = format!(
        "{text}\n[[watch]]\nname = \"posts\"\nfrom = \"http:{posts}\"\ntoken_file = \"{token}\"\n\
         [[watch]]\nname = \"syslog\"\nfrom = \"tcp:{streams}\"\n\
         [[watch]]\nname = \"files\"\nfrom = \"{samples}/dns.log\"\n"
    );
    std::fs::write(&config, watches).unwrap();
    let serving = home::Serving::of(&home);
    let post = |token: &str| {
        let line = "{\"query\":\"www.edge.example.net\"}\n";
        let mut stream = connect(&posts);
        let length = line.len();
        let head = format!("POST / HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n");
        let text = format!("{head}content-length: {length}\r\nconnection: close\r\n\r\n{line}");
        stream.write_all(text.as_bytes()).unwrap();
        let mut told = String::new();
        stream.read_to_string(&mut told).unwrap();
        told
    };
    assert!(post("another").starts_with("HTTP/1.1 401"));
    assert!(post("a token of the test").contains("\"events\":1"));
    let mut stream = connect(&streams);
    stream
        .write_all(b"<34>Nov 25 10:00:00 gw x: to edge.example.net\n")
        .unwrap();
    drop(stream);
    let hits = || {
        let said = home.ok(&["--json", "sources"]);
        let rows = said
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let rows = rows.filter(|event| event["kind"] == "watched");
        rows.map(|event| event["row"]["hits"].as_u64().unwrap_or_default())
            .collect::<Vec<_>>()
    };
    // Files and streams are read by threads of their own.
    let has_all = (0..500).any(|_| hits() == [1, 1, 1]);
    assert!(has_all, "{:?}", hits());
    drop(serving);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test is the sender that calls"
)]
fn connect(address: &str) -> std::net::TcpStream {
    std::net::TcpStream::connect(address).expect("the node listens there")
}

#[test]
fn sigma_rules_are_checked_converted_and_imported_and_run() {
    let home = Home::new();
    let folder = home.folder.path().join("rules");
    std::fs::create_dir(&folder).unwrap();
    let rule = |title: &str, id: u8, search: &str| {
        format!(
            "title: {title}\nid: f3b2e1d0-1111-4222-8333-44445555666{id}\ndate: 2026-01-31\n\
             author: Somebody\ntags: [attack.execution, attack.t1059]\n\
             logsource: {{ category: process_creation, product: windows }}\n\
             detection: {{ a: {{ {search} }}, condition: a }}\n"
        )
    };
    let rules = [
        (
            "one.yml",
            rule("Shell", 1, "CommandLine|contains: ' -enc '"),
        ),
        ("two.yml", rule("Name", 2, "OriginalFileName: x")),
        ("three.yml", "title: [".to_owned()),
        ("no-rule.txt", "x".to_owned()),
    ];
    for (name, text) in &rules {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let folder = folder.to_str().unwrap();
    let said = home.ok(&["sigma", "check", folder]);
    assert!(said.contains("Shell: the pattern says all of it"), "{said}");
    assert!(said.contains("process:command_line MATCHES"), "{said}");
    assert!(
        said.contains("OriginalFileName: no STIX property"),
        "{said}"
    );
    let bundle = home.ok(&["sigma", "convert", folder]);
    let file = write(&home, "sigma.json", &bundle);
    let profile = [
        "profile",
        "set",
        "sigma",
        "--title",
        "t",
        "--marking",
        "TLP:CLEAR",
    ];
    order(&home, &profile);
    let told = home.ok(&["import", &file, "--profile", "sigma"]);
    assert!(told.contains("1 admitted"), "{told}");
    let events = "{\"CommandLine\":\"powershell -enc AAAA\"}\nnot one\n{\"x\":1}\n";
    let events = write(&home, "events.ndjson", events);
    let one = format!("{folder}/one.yml");
    let found = home.ok(&["sigma", "find", &one, &events]);
    assert!(
        found.contains("1: Shell") && found.contains("1 were no event"),
        "{found}"
    );
    let two = format!("{folder}/two.yml");
    home.refused(&["sigma", "find", &two, &events], 4);
    let wrong = home.refused(&["sigma", "check", &format!("{folder}/three.yml")], 2);
    assert!(wrong.contains("line"), "{wrong}");
}
