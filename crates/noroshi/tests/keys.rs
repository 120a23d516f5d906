//! Keys rotated and revoked at running servers: partners go on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod home;

use home::{Home, befriend, free_address, json, order, serve, stop, write};

/// One object with a number of its own.
fn object(number: usize) -> String {
    home::bundle(1).replace("-000000000000", &format!("-{number:012}"))
}

/// Share one item each way over running servers; every release is answered.
fn both_ways(homes: [&Home; 2], number: usize) {
    for (at, [from, to]) in [homes, [homes[1], homes[0]]].into_iter().enumerate() {
        let other = if at == 0 { "USA" } else { "JPN" };
        let number = 2 * number + at;
        let path = write(from, "one.json", &object(number));
        from.ok(&["import", &path]);
        let item = format!("malware--00000000-0000-4000-8000-{number:012}");
        order(from, &["share", &item, "--to", other]);
        for _ in 0..2 {
            from.ok(&["peer", "sync"]);
        }
        to.ok(&["show", &item]);
        let waiting = from.ok(&["--json", "receipts", "--outstanding"]);
        assert!(!waiting.contains("\"kind\":\"receipt\""), "{waiting}");
    }
}

/// The key of that purpose that was replaced last.
fn former(home: &Home, purpose: &str) -> String {
    let shown = home.ok(&["key", "show"]);
    let line = shown.lines().rev().filter(|line| line.contains(purpose));
    let mut words = line.skip(1).flat_map(str::split_whitespace);
    words.find(|word| word.len() == 64).unwrap().to_owned()
}

/// Clause: I5
#[test]
fn every_key_is_rotated_and_revoked_at_a_running_server_and_partners_go_on() {
    let (jp_address, us_address) = (free_address(), free_address());
    let (jp, us) = (Home::of("JPN", &jp_address), Home::of("USA", &us_address));
    befriend(&jp, &us);
    let start = |home: &Home| serve(home.command(&["--json", "serve"])).0;
    let (mut jp_server, mut us_server) = (start(&jp), start(&us));
    for (number, purpose) in ["items", "ledger", "sealing", "tls"]
        .into_iter()
        .enumerate()
    {
        order(&jp, &["key", "rotate", purpose]);
        jp.ok(&["peer", "sync"]);
        both_ways([&jp, &us], 2 * number);
        let old = former(&jp, purpose);
        order(&jp, &["key", "revoke", &old]);
        jp.ok(&["peer", "sync"]);
        both_ways([&jp, &us], 2 * number + 1);
    }
    stop(jp_server);
    jp_server = start(&jp);
    both_ways([&jp, &us], 8);
    // The partner is away while the TLS key goes: the next call introduces the new one.
    stop(us_server);
    order(&jp, &["key", "rotate", "tls"]);
    order(&jp, &["key", "revoke", &former(&jp, "tls")]);
    us_server = start(&us);
    jp.ok(&["peer", "sync"]);
    both_ways([&jp, &us], 9);
    stop(jp_server);
    stop(us_server);
    for home in [&jp, &us] {
        home.ok(&["ledger", "verify"]);
        for kind in ["alarm", "receipt.disputed", "item.refused"] {
            let lines = home.ok(&["--json", "ledger", "list", "--kind", kind]);
            assert_eq!(json(&lines)["rows"], 0, "{lines}");
        }
    }
}
