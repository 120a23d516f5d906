//! A node in a process of its own is lost and comes back, and its partner's process tells it the
//! rest.

mod home;

use home::{Home, Serving, befriend, bundle, free_address, json, write};

fn item(number: u32) -> String {
    format!("malware--00000000-0000-4000-8000-{number:012x}")
}

/// Clause: I5
#[test]
fn a_lost_node_comes_back_from_a_backup_and_serves_nobody_before_its_partner_has_told() {
    let (jp_address, us_address) = (free_address(), free_address());
    let (jp, us) = (Home::of("JPN", &jp_address), Home::of("USA", &us_address));
    befriend(&jp, &us);
    let path = write(&jp, "whole.json", &bundle(50));
    jp.ok(&["import", &path]);
    let us_server = Serving::of(&us);
    jp.ok(&["share", &item(1), "--to", "USA", "--as", "sato"]);
    jp.ok(&["peer", "sync"]);
    // While it serves.
    let server = Serving::of(&jp);
    let backup = jp.folder.path().join("jp.backup").display().to_string();
    jp.ok(&["backup", "make", &backup, "--as", "sato"]);
    drop(server);
    jp.ok(&["share", &item(2), "--to", "USA", "--as", "sato"]);
    let recall = [
        "recall",
        &item(1),
        "--mode",
        "destroy",
        "--reason",
        "test",
        "--as",
        "sato",
    ];
    jp.ok(&recall);
    jp.ok(&["peer", "sync"]);
    jp.ok(&["peer", "sync"]);

    // The disk is gone.
    let node = jp.folder.path().join("node");
    let occupied = jp.refused(&["restore", "from", &backup, "--as", "sato"], 2);
    assert!(occupied.contains("not empty"), "{occupied}");
    std::fs::remove_dir_all(&node).unwrap();
    let cut = std::fs::read(&backup).unwrap();
    let half = write(&jp, "half.backup", "");
    std::fs::write(&half, &cut[..cut.len() / 2]).unwrap();
    jp.refused(&["restore", "from", &half, "--as", "sato"], 5);
    jp.refused(&["restore", "from", &backup, "--as", "nobody"], 2);
    assert!(!node.exists() && !jp.folder.path().join("node.restoring").exists());
    let said = jp.ok(&["restore", "from", &backup, "--as", "sato"]);
    assert!(said.contains("1 partners"), "{said}");

    assert!(jp.refused(&["list"], 3).contains("restore status"));
    assert!(jp.refused(&["show", &item(1)], 3).contains("peer sync"));
    assert!(jp.ok(&["restore", "status"]).contains("has not answered"));
    assert!(jp.refused(&["doctor"], 1).contains("1 checks"));
    jp.ok(&["peer", "sync"]);
    jp.ok(&["peer", "sync"]);
    let told = json(
        jp.ok(&["--json", "restore", "status"])
            .lines()
            .next()
            .unwrap(),
    );
    assert_eq!(told["state"], "done", "{told}");
    assert!(told["lost"].as_u64().unwrap() >= 2, "{told}");
    assert!(jp.ok(&["list", "--state", "destroyed"]).contains("1 rows"));
    jp.ok(&["share", &item(3), "--to", "USA", "--as", "sato"]);
    jp.ok(&["peer", "sync"]);
    jp.ok(&["peer", "sync"]);
    drop(us_server);
    let listed = us.ok(&["list", "--state", "admitted"]);
    assert!(listed.contains("3 rows"), "{listed}");
    for home in [&jp, &us] {
        home.ok(&["ledger", "verify"]);
        assert!(
            home.ok(&["ledger", "list", "--kind", "alarm"])
                .contains("0 rows")
        );
    }
}
