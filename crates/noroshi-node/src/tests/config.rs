//! `noroshi.toml`: what it may say, and what is said of what it may not.

use std::path::Path;

use crate::config::{Config, WatchFrom};
use crate::messages::Lang;

fn read(change: impl Fn(String) -> String) -> Result<Config, String> {
    let template = Config::template(
        "127.0.0.1:7443",
        "node.example:7443",
        "127.0.0.1:7480",
        Lang::En,
    );
    Config::parse(&change(template), Path::new("/node"))
}

fn taxii(listen: &str, certificate: &str, key: &str) -> Result<Config, String> {
    read(|text| {
        text.replace("[taxii]\n", "[taxii]\n#\n")
            .replace("listen = \"\"", &format!("listen = \"{listen}\""))
            .replace(
                "certificate = \"\"",
                &format!("certificate = \"{certificate}\""),
            )
            .replace("key = \"\"", &format!("key = \"{key}\""))
    })
}

#[test]
fn what_others_could_reach_in_the_clear_is_refused() {
    for open in ["0.0.0.0:8443", "[::]:8443", "192.0.2.7:8443"] {
        let refused = taxii(open, "", "").unwrap_err();
        assert!(refused.contains("127.0.0.1"), "{refused}");
    }
    assert!(taxii("node.example:8443", "a.pem", "b.pem").is_err());
    assert!(taxii("127.0.0.1:8443", "a.pem", "").is_err());
    assert!(taxii("127.0.0.1:8443", "", "b.pem").is_err());
}

#[test]
fn what_is_written_by_init_is_read_and_serves_no_taxii() {
    assert_eq!(read(|text| text).unwrap().taxii, None);
    let older = read(|text| text.split("[taxii]").next().unwrap().to_owned());
    assert_eq!(older.unwrap().taxii, None);
    assert!(read(|text| text + "\nunknown = 1\n").is_err());
}

#[test]
fn a_loopback_address_needs_no_certificate_and_another_has_its_files() {
    let local = taxii("127.0.0.1:8443", "", "").unwrap().taxii.unwrap();
    assert_eq!(local.tls, None);
    assert_eq!(local.body_bytes_max, 100 * 1024 * 1024);
    let wide = taxii("0.0.0.0:8443", "tls/a.pem", "/etc/b.pem")
        .unwrap()
        .taxii
        .unwrap();
    let (certificate, key) = wide.tls.unwrap();
    assert_eq!(certificate, Path::new("/node/tls/a.pem"));
    assert_eq!(key, Path::new("/etc/b.pem"));
}

#[test]
fn a_node_that_another_process_has_is_told_as_busy_and_not_as_damaged() {
    let stage = super::stage::Stage::new();
    let home = stage.jp.node.home().path();
    let clock: std::sync::Arc<dyn noroshi_model::Clock> =
        std::sync::Arc::<super::stage::Hands>::clone(&stage.hands);
    let again = crate::Node::open(home, clock, std::sync::Arc::new(noroshi_seal::SystemRng));
    let failure = again.err().unwrap();
    assert_eq!((failure.code.as_str(), failure.exit), ("store.locked", 7));
}

#[test]
fn what_is_watched_is_read_strictly_and_nothing_is_served_in_the_clear_abroad() {
    let watch = |lines: &str| {
        let lines = lines.replace("; ", "\n");
        read(|text| format!("{text}\n[[watch]]\nname = \"one\"\n{lines}\n"))
    };
    let refused = [
        "from = \"relative.log\"",
        "from = \"udp:nowhere\"",
        "from = \"smtp:127.0.0.1:25\"",
        "from = \"tls:0.0.0.0:6514\"",
        "from = \"tls:0.0.0.0:6514\"; certificate = \"a\"",
        "from = \"http:127.0.0.1:80\"",
        "from = \"http:0.0.0.0:80\"; token_file = \"t\"",
        "from = \"https:0.0.0.0:80\"; token_file = \"t\"",
        "from = \"/a\"; token_file = \"t\"",
        "from = \"/a\"; more = 1",
        "from = \"/a\"; [[watch]]; name = \"one\"; from = \"/b\"",
        "from = \"/a\"; [[watch]]; name = \"../b\"; from = \"/b\"",
    ];
    for lines in refused {
        assert!(watch(lines).is_err(), "{lines}");
    }
    assert_eq!(read(|text| text).unwrap().watches, []);
    let accepted = [
        ("from = \"/a/b\"", WatchFrom::Path("/a/b".into())),
        (
            "from = \"udp:0.0.0.0:514\"",
            WatchFrom::Udp("0.0.0.0:514".parse().unwrap()),
        ),
        (
            "from = \"http:127.0.0.1:80\"; token_file = \"t\"",
            WatchFrom::Http("127.0.0.1:80".parse().unwrap(), "/node/t".into(), None),
        ),
        (
            "from = \"tls:[::]:6514\"; certificate = \"c\"; key = \"/k\"",
            WatchFrom::Tcp(
                "[::]:6514".parse().unwrap(),
                Some(("/node/c".into(), "/k".into())),
            ),
        ),
    ];
    for (lines, from) in accepted {
        let read = watch(lines).unwrap().watches;
        assert_eq!(
            (read.len(), &read[0].from, read[0].format.as_str()),
            (1, &from, "auto")
        );
    }
}
