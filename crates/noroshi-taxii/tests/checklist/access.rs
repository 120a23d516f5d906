//! Who is let in, how is negotiated, and what errors look like (1.6, 3.1, 3.2, 3.6, Appendix B).

use super::{Bench, Call, TAXII, indicator, is_problem};

const DISCOVERY: &str = "/taxii2/";

fn accept(bench: &Bench, accept: &str) -> super::Answer {
    bench.call(Call::new("GET", DISCOVERY).with("accept", accept))
}

pub(crate) fn no_credential_is_401(bench: &Bench) {
    let answer = bench.bare(&Call::new("GET", DISCOVERY).with("accept", TAXII));
    is_problem(&answer, 401);
}

pub(crate) fn unknown_credentials_are_401(bench: &Bench) {
    for credential in [
        "Bearer wrong",
        "Basic Y2FsbGVyOndyb25n",
        "Basic ???",
        "Digest a=b",
        "",
        "Bearer",
    ] {
        let call = Call::new("GET", DISCOVERY).with("authorization", credential);
        let answer = bench.bare(&call.with("accept", TAXII));
        is_problem(&answer, 401);
        let none = bench.bare(&Call::new("GET", DISCOVERY).with("accept", TAXII));
        assert_eq!(answer.body, none.body, "{credential}");
    }
}

pub(crate) fn s3_2_challenges_are_named(bench: &Bench) {
    let answer = bench.bare(&Call::new("GET", DISCOVERY));
    let challenges = answer.header("www-authenticate").unwrap();
    assert!(challenges.contains("Basic realm=") && challenges.contains("Bearer realm="));
}

pub(crate) fn credential_comes_before_everything(bench: &Bench) {
    let mut post = Call::new("POST", &bench.at(&bench.full, "objects/?limit=x"));
    post.body = b"{".to_vec();
    for call in [
        post.with("content-type", "text/plain"),
        Call::new("GET", "/nowhere/"),
        Call::new("PUT", DISCOVERY),
        Call::new("OPTIONS", DISCOVERY),
        Call::new("GET", DISCOVERY).with("accept", "text/html"),
        Call::new("GET", &bench.at("nowhere", "")),
    ] {
        is_problem(&bench.bare(&call), 401);
    }
}

pub(crate) fn throttled_is_429(bench: &Bench) {
    let call = Call::new("GET", DISCOVERY).with("authorization", &bench.throttled);
    let answer = bench.bare(&call.with("accept", TAXII));
    is_problem(&answer, 429);
    assert_eq!(answer.header("retry-after"), Some("7"));
}

/// A ratchet: whatever the description has must be closed to strangers.
pub(crate) fn every_endpoint_of_the_description_refuses_strangers(bench: &Bench) {
    let description = bench.get("/taxii2/openapi.json").json();
    let paths = description["paths"].as_object().unwrap();
    let mut tried = 0;
    for (path, operations) in paths {
        for method in operations.as_object().unwrap().keys() {
            let path = path.replace("{id}", &bench.full);
            let path = path
                .replace("{object-id}", "indicator--x")
                .replace("{status-id}", "x");
            let answer = bench.bare(&Call::new(&method.to_uppercase(), &path));
            is_problem(&answer, 401);
            tried += 1;
        }
    }
    assert!(tried >= 12, "{tried}");
}

pub(crate) fn unknown_paths_are_404(bench: &Bench) {
    for path in [
        "/",
        "/taxii/",
        "/taxii2/other/",
        "/taxii2/api/channels/",
        "/taxii2/api/status/",
    ] {
        is_problem(&bench.get(path), 404);
    }
}

pub(crate) fn malformed_paths_are_404(bench: &Bench) {
    for path in [
        "/taxii2/api/collections/%zz/",
        "/taxii2/api/collections/%ff/",
        "/taxii2/%00/",
        "/taxii2/api/collections/%2e%2e/",
        "/taxii2//api/",
        "/taxii2/api/collections//objects/",
        "/taxii2/api/collections/'%20OR%201=1/objects/",
    ] {
        is_problem(&bench.get(path), 404);
    }
    let long = format!("/taxii2/api/collections/{}/", "a".repeat(4000));
    is_problem(&bench.get(&long), 404);
}

pub(crate) fn other_methods_are_405(bench: &Bench) {
    for method in ["PUT", "PATCH", "POST", "DELETE"] {
        let answer = bench.call(Call::new(method, DISCOVERY));
        is_problem(&answer, 405);
        assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"));
    }
}

pub(crate) fn s3_1_the_last_slash_is_not_missed(bench: &Bench) {
    for path in ["/taxii2/", "/taxii2/api/", "/taxii2/api/collections/"] {
        let with = bench.get(path);
        let without = bench.get(path.trim_end_matches('/'));
        assert_eq!((with.status, &with.body), (200, &without.body));
    }
    bench.fill(&[indicator(1, 1)]);
    let answer = bench.get(&bench.at(&bench.full, "objects?limit=1"));
    assert_eq!(answer.ids().len(), 1);
}

pub(crate) fn s1_6_8_accept_of_another_kind_is_406(bench: &Bench) {
    for header in [
        "text/html",
        "application/taxii+json;version=3.0",
        "application/xml",
        "x",
    ] {
        is_problem(&accept(bench, header), 406);
    }
}

pub(crate) fn s1_6_8_older_clients_are_told(bench: &Bench) {
    for header in [
        "application/vnd.oasis.taxii+json; version=2.0",
        "application/vnd.oasis.stix+json; version=2.0",
        "application/taxii+json;version=2.0",
    ] {
        let answer = accept(bench, header);
        is_problem(&answer, 406);
        let text = answer.json()["description"].as_str().unwrap().to_owned();
        assert!(
            text.contains("TAXII 2.1") && text.contains("taxii2client.v21"),
            "{text}"
        );
    }
}

pub(crate) fn s1_6_8_accept_as_clients_write_it(bench: &Bench) {
    for header in [
        "application/taxii+json;version=2.1",
        "application/taxii+json; version=2.1",
        "application/taxii+json;version=\"2.1\"",
        "Application/TAXII+json; Version=2.1",
        "application/taxii+json",
        "*/*",
        "application/*;q=0.2",
        "application/taxii+json;version=2.1;q=0.8, text/html;q=0.1",
        "application/taxii+json;version=2.1,application/stix+json;version=2.1",
        "text/html, */*; q=.2",
    ] {
        assert_eq!(accept(bench, header).status, 200, "{header}");
    }
    let call = Call::new("GET", DISCOVERY).with("authorization", &bench.caller);
    assert_eq!(bench.bare(&call).status, 200);
}

pub(crate) fn s3_1_responses_name_type_and_version(bench: &Bench) {
    bench.fill(&[indicator(1, 1)]);
    let full = &bench.full;
    for path in [
        DISCOVERY.to_owned(),
        "/taxii2/api/".to_owned(),
        bench.at(full, ""),
        bench.at(full, "objects/"),
        bench.at(full, "manifest/"),
        "/nowhere/".to_owned(),
    ] {
        for wanted in [TAXII, "*/*", "application/taxii+json"] {
            let answer = bench.call(Call::new("GET", &path).with("accept", wanted));
            assert_eq!(
                answer.header("content-type"),
                Some(TAXII),
                "{path} {wanted}"
            );
        }
    }
}

pub(crate) fn s8_2_1_user_agent_is_not_needed(bench: &Bench) {
    assert_eq!(bench.get(DISCOVERY).status, 200);
    let call = Call::new("GET", DISCOVERY).with("user-agent", "anything/1.0");
    assert_eq!(bench.call(call).status, 200);
}

pub(crate) fn s3_6_errors_have_their_body(bench: &Bench) {
    let answer = bench.objects("limit=0");
    is_problem(&answer, 400);
    let body = answer.json();
    assert_eq!(body["error_code"], "query");
    assert!(
        body["description"].as_str().unwrap().contains("`limit`"),
        "{body}"
    );
}

pub(crate) fn b_absent_and_hidden_look_alike(bench: &Bench) {
    let path = bench.at(&bench.unseen, "");
    let insider = Call::new("GET", &path).with("authorization", "Bearer insider");
    assert_eq!(bench.call(insider).status, 200, "it is there for another");
    let nowhere = "66666666-6666-4666-8666-666666666666";
    for rest in [
        "",
        "objects/",
        "manifest/",
        "objects/indicator--x/",
        "objects/?limit=x",
    ] {
        let hidden = bench.get(&bench.at(&bench.unseen, rest));
        let absent = bench.get(&bench.at(nowhere, rest));
        let shut = bench.get(&bench.at(&bench.shut, rest));
        assert_eq!((shut.status, &shut.body), (404, &absent.body), "{rest}");
        is_problem(&hidden, 404);
        assert_eq!(hidden.body, absent.body, "{rest}");
        assert_eq!(hidden.headers.len(), absent.headers.len());
    }
    for method in ["POST", "DELETE"] {
        let hidden = bench.call(Call::new(method, &bench.at(&bench.unseen, "objects/")));
        let absent = bench.call(Call::new(method, &bench.at(nowhere, "objects/")));
        assert_eq!((hidden.status, hidden.body), (absent.status, absent.body));
    }
}

pub(crate) fn head_is_get_without_a_body(bench: &Bench) {
    bench.fill(&[indicator(1, 1)]);
    let path = bench.at(&bench.full, "objects/");
    let head = bench.call(Call::new("HEAD", &path));
    let get = bench.get(&path);
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty());
    assert_eq!(
        head.header("x-taxii-date-added-last"),
        get.header("x-taxii-date-added-last")
    );
    let head = bench.call(Call::new("HEAD", "/nowhere/"));
    assert_eq!((head.status, head.body.len()), (404, 0));
}

pub(crate) fn options_names_the_methods(bench: &Bench) {
    let answer = bench.call(Call::new("OPTIONS", &bench.at(&bench.full, "objects/")));
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("allow"), Some("GET, HEAD, POST, OPTIONS"));
    is_problem(&bench.call(Call::new("OPTIONS", "/nowhere/")), 404);
}

pub(crate) fn s3_6_nothing_is_kept_by_caches(bench: &Bench) {
    for path in ["/nowhere/", &bench.at(&bench.full, "objects/")] {
        assert_eq!(bench.get(path).header("cache-control"), Some("no-store"));
    }
    assert!(
        bench
            .get(DISCOVERY)
            .header("vary")
            .unwrap()
            .contains("authorization")
    );
}

pub(crate) fn s1_6_9_basic_is_taken(bench: &Bench) {
    for credential in ["Basic Y2FsbGVyOnNlY3JldA==", "basic Y2FsbGVyOnNlY3JldA"] {
        let call = Call::new("GET", DISCOVERY).with("authorization", credential);
        assert_eq!(bench.call(call).status, 200);
    }
}
