//! What servers may say, and what they may not.

use noroshi_model::Timestamp;

use super::*;

fn target(text: &str) -> Target {
    text.parse().unwrap()
}

#[test]
fn what_is_no_address_is_refused() {
    use TargetFault::{Host, Plain, Port, Scheme, Text, User};
    for (text, fault) in [
        ("taxii.example/taxii2/", Scheme),
        ("ftp://taxii.example/", Scheme),
        ("http://taxii.example/taxii2/", Plain),
        ("http://10.0.0.1/", Plain),
        ("https://user:word@taxii.example/", User),
        ("https://", Host),
        ("https://-a.example/", Host),
        ("https://a..example/", Host),
        ("https://[::1/", Host),
        ("https://[::1]x/", Host),
        ("https://taxii.example:0/", Port),
        ("https://taxii.example:65536/", Port),
        ("https://taxii.example:+1/", Port),
        ("https://taxii.example/#part", Text),
        ("https://taxii.example/a b", Text),
        ("https://taxii.example/\r\nx: y", Text),
        ("https://日本.example/", Text),
    ] {
        assert_eq!(text.parse::<Target>(), Err(fault), "{text}");
    }
    let long = format!("https://taxii.example/{}", "a".repeat(2048));
    assert_eq!(long.parse::<Target>(), Err(Text));
}

#[test]
fn addresses_are_read_and_written_alike() {
    for (text, written, authority) in [
        (
            "https://TAXII.example",
            "https://taxii.example/",
            "taxii.example",
        ),
        (
            "https://taxii.example:443/a",
            "https://taxii.example/a",
            "taxii.example",
        ),
        (
            "https://taxii.example:8443?x=1",
            "https://taxii.example:8443/?x=1",
            "taxii.example:8443",
        ),
        (
            "http://127.0.0.1:80/taxii2/",
            "http://127.0.0.1/taxii2/",
            "127.0.0.1",
        ),
        (
            "http://localhost:5000/",
            "http://localhost:5000/",
            "localhost:5000",
        ),
        (
            "https://[2001:db8::1]/",
            "https://[2001:db8::1]/",
            "[2001:db8::1]",
        ),
        ("http://[::1]:9/", "http://[::1]:9/", "[::1]:9"),
    ] {
        let read = target(text);
        assert_eq!(
            (&*read.to_string(), &*read.authority()),
            (written, authority)
        );
    }
    let root = target("https://taxii.example/api/?a=b");
    let objects = root.below("collections/x/objects/");
    let page = objects.with_query(&[("next", "a&b=c d"), ("limit", "10")]);
    assert_eq!(
        page.path(),
        "/api/collections/x/objects/?next=a%26b%3Dc%20d&limit=10"
    );
}

#[test]
fn a_server_leads_nobody_to_another_host() {
    let home = target("https://taxii.example/taxii2/");
    for reference in [
        "https://evil.example/api/",
        "https://taxii.example.evil.example/api/",
        "https://taxii.example:8443/api/",
        "http://taxii.example/api/",
        "https://user@taxii.example/api/",
        "//evil.example/api/",
        "root/",
        "",
        "/ro ot/",
        "/api/#x",
        "javascript://taxii.example/",
    ] {
        assert!(home.on_it(reference).is_err(), "{reference}");
    }
    for reference in [
        "/api/",
        "https://taxii.example/api/",
        "https://TAXII.example:443/api/",
    ] {
        assert_eq!(
            home.on_it(reference),
            Ok(target("https://taxii.example/api/"))
        );
    }
}

#[test]
fn a_secret_is_in_no_text_but_its_header() {
    let basic = Credential::Basic {
        user: "sato".into(),
        password: Word("hunter2".into()),
    };
    let bearer = Credential::Bearer(Word("hunter2".into()));
    assert!(!format!("{basic:?} {bearer:?}").contains("hunter2"));
    assert_eq!(basic.header(), "Basic c2F0bzpodW50ZXIy");
    assert_eq!(bearer.header(), "Bearer hunter2");
}

#[test]
fn what_is_no_envelope_is_refused() {
    use EnvelopeFault::{Depth, Form, Kind, Next, Twice};
    let deep = format!("{{\"objects\":[{}{}]}}", "[".repeat(300), "]".repeat(300));
    let long = format!("{{\"next\":\"{}\"}}", "a".repeat(5000));
    for (text, fault) in [
        ("", Form),
        ("[]", Form),
        ("<html>", Form),
        ("{\"objects\":[{}]", Form),
        ("{\"objects\":[{}", Form),
        ("{\"objects\":[{}}]}", Form),
        ("{\"objects\":[{},,{}]}", Form),
        ("{\"more\":true}{\"more\":true}", Form),
        ("{\"more\":true,}", Form),
        ("{\"a\":\"\\", Form),
        ("{\"more\":\"yes\"}", Kind),
        ("{\"more\":1}", Kind),
        ("{\"next\":{}}", Kind),
        ("{\"objects\":{}}", Kind),
        ("{\"objects\":7}", Kind),
        ("{\"more\":true,\"more\":false}", Twice),
        ("{\"objects\":[],\"objects\":[]}", Twice),
        (&*deep, Depth),
        (&*long, Next),
    ] {
        assert_eq!(Envelope::read(text.as_bytes()), Err(fault), "{text}");
    }
}

#[test]
fn an_envelope_says_what_it_says() {
    let read = |text: &str| Envelope::read(text.as_bytes()).unwrap();
    assert_eq!(read("{}"), Envelope::default());
    assert_eq!(
        read(" { \"objects\" : null , \"more\":null,\"next\":null } "),
        Envelope::default()
    );
    let page = read(
        "\u{feff}{\"type\":\"bundle\",\"x\":{\"more\":true,\"next\":[\"]\"]},\"more\":true,\
         \"next\":\"a\\u0062\",\"objects\":[{\"a\":\"]}\\\"\"},1,\"x\",[[]],null]}",
    );
    let (more, next, objects) = (true, Some("ab".to_owned()), 5);
    assert_eq!(
        page,
        Envelope {
            more,
            next,
            objects
        }
    );
    assert_eq!(read("{\"next\":17}").next.as_deref(), Some("17"));
    assert_eq!(read("{\"next\":\"\"}").next, None);
}

#[test]
fn resources_are_held_to_their_kinds() {
    let id = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";
    let one = |id: &str| {
        format!(
            "{{\"collections\":[{{\"id\":\"{id}\",\"title\":\"C\",\"can_read\":true,\
             \"can_write\":false,\"more\":1}}]}}"
        )
    };
    let read = read_collections(one(id).as_bytes()).unwrap();
    assert_eq!(
        (&*read[0].id, read[0].can_read, read[0].can_write),
        (id, true, false)
    );
    for bad in ["../../admin", "a/b", "a?b", "", "..", "a b"] {
        assert!(read_collections(one(bad).as_bytes()).is_err(), "{bad}");
    }
    let many = format!("{{\"collections\":[{}]}}", vec!["{}"; 1001].join(","));
    assert_eq!(
        read_collections(many.as_bytes()),
        Err(ResourceFault::TooMany)
    );
    assert_eq!(read_collections(b"{}"), Ok(Vec::new()));
    assert!(read_collections(b"{\"collections\":7}").is_err());
    assert!(read_discovery(b"{\"title\":\"x\",\"api_roots\":[7]}").is_err());
    assert!(read_discovery(b"{\"api_roots\":[]}").is_err());
    let discovery = read_discovery(b"{\"title\":\"x\\u0007y\",\"api_roots\":[\"/r/\"]}").unwrap();
    assert_eq!((&*discovery.title, &*discovery.api_roots[0]), ("xy", "/r/"));
    let root = |version: &str| {
        let text =
            format!("{{\"title\":\"r\",\"versions\":[\"{version}\"],\"max_content_length\":1000}}");
        read_root(text.as_bytes()).unwrap()
    };
    assert!(root("application/taxii+json; version=2.1").speaks_2_1);
    assert!(!root("application/vnd.oasis.taxii+json; version=2.0").speaks_2_1);
    assert!(read_root(b"{\"title\":\"r\",\"versions\":[]}").is_err());
    assert!(read_root(b"{\"title\":\"r\",\"max_content_length\":-1}").is_err());
}

#[test]
fn a_status_is_held_to_its_kinds() {
    let status = |word: &str| {
        format!(
            "{{\"id\":\"2d086da7-4bdc-4f91-900e-d77486753710\",\"status\":\"{word}\",\
             \"total_count\":2,\"success_count\":1,\"failure_count\":1,\"pending_count\":0,\
             \"failures\":[{{\"id\":\"indicator--00000000-0000-4000-8000-000000000001\",\
             \"message\":\"no\"}},{{\"id\":\"x\"}},7]}}"
        )
    };
    let read = read_status(status("complete").as_bytes()).unwrap();
    assert!(read.is_complete && read.failed == 1 && read.failures.len() == 1);
    assert_eq!(read.failures[0].message, "no");
    assert!(
        !read_status(status("pending").as_bytes())
            .unwrap()
            .is_complete
    );
    assert!(read_status(status("done").as_bytes()).is_err());
    assert!(read_status(b"{\"status\":\"complete\"}").is_err());
}

#[test]
fn times_of_http_are_read_and_nothing_else() {
    let at: Timestamp = "2026-11-25T08:00:00Z".parse().unwrap();
    assert_eq!(http_date("Wed, 25 Nov 2026 08:00:00 GMT"), Some(at));
    for bad in [
        "Wed, 25 Nov 2026 08:00:00 JST",
        "Wed, 25 Foo 2026 08:00:00 GMT",
        "25 Nov 2026",
        "Wed, 99 Nov 2026 08:00:00 GMT",
        "Wed, 25 Nov 2026 08:00:00 GMT x",
        "",
    ] {
        assert_eq!(http_date(bad), None, "{bad}");
    }
    assert_eq!(retry_after("120", at), Some(120));
    assert_eq!(retry_after("Wed, 25 Nov 2026 08:01:40 GMT", at), Some(100));
    assert_eq!(retry_after("Wed, 25 Nov 2026 07:00:00 GMT", at), Some(0));
    for bad in ["", "-1", "soon", "99999999999", "1.5"] {
        assert_eq!(retry_after(bad, at), None, "{bad}");
    }
}
