//! Posting, its status, one object, its withdrawal and its versions (4.3, 5.5 to 5.8).

use serde_json::{Value, json};

use super::{Bench, Call, TAXII, id_of, indicator, is_problem, object, version};

pub(crate) fn s5_5_unwritable_is_403(bench: &Bench) {
    is_problem(&bench.post_bytes(&bench.reading, TAXII, b"{}"), 403);
}

pub(crate) fn s5_5_unknown_is_404_before_the_body(bench: &Bench) {
    for body in [&b"{"[..], b"{}", b""] {
        is_problem(&bench.post_bytes(&bench.unseen, "text/plain", body), 404);
    }
}

pub(crate) fn s5_5_other_media_types_are_415(bench: &Bench) {
    for media in [
        "text/plain",
        "application/xml",
        "application/taxii+json;version=9.9",
        "*/*",
        "",
    ] {
        is_problem(&bench.post_bytes(&bench.full, media, b"{}"), 415);
    }
    is_problem(
        &bench.call(Call::new("POST", &bench.at(&bench.full, "objects/"))),
        415,
    );
}

pub(crate) fn s5_5_older_media_types_are_told(bench: &Bench) {
    let media = "application/vnd.oasis.stix+json; version=2.0";
    let answer = bench.post_bytes(&bench.full, media, b"{}");
    is_problem(&answer, 415);
    assert!(
        answer.json()["description"]
            .as_str()
            .unwrap()
            .contains("TAXII 2.1")
    );
}

pub(crate) fn s5_5_too_large_is_413(bench: &Bench) {
    let mut body = b"{\"objects\":[],\"x\":\"".to_vec();
    body.resize(bench.body_bytes_max, b'a');
    body.extend_from_slice(b"\"}");
    let answer = bench.post_bytes(&bench.full, TAXII, &body);
    is_problem(&answer, 413);
    let text = answer.json()["description"].as_str().unwrap().to_owned();
    assert!(text.contains(&bench.body_bytes_max.to_string()), "{text}");
}

pub(crate) fn s5_5_malformed_bodies_are_422(bench: &Bench) {
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"objects\":{}}",
        "{\"objects\":7}",
        "\u{0}",
    ] {
        is_problem(&bench.post_bytes(&bench.full, TAXII, body.as_bytes()), 422);
    }
    is_problem(
        &bench.post_bytes(&bench.full, TAXII, b"{\"objects\":[\xff]}"),
        422,
    );
    assert_eq!(bench.objects("").body, b"{}");
}

pub(crate) fn s5_5_answers_202_with_a_status(bench: &Bench) {
    let answer = bench.post(&[indicator(1, 1)]);
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("content-type"), Some(TAXII));
    let body = answer.json();
    assert!(["complete", "pending"].contains(&body["status"].as_str().unwrap()));
    assert_eq!(body["id"].as_str().unwrap().len(), 36);
}

fn mixed() -> Vec<Value> {
    let mut wrong = indicator(2, 1);
    wrong["id"] = "indicator--not-an-identifier".into();
    let mut nameless = indicator(3, 1);
    nameless.as_object_mut().unwrap().remove("id");
    vec![indicator(1, 1), wrong, nameless, indicator(4, 1)]
}

pub(crate) fn s5_5_mixed_posts(bench: &Bench) {
    let answer = bench.post(&mixed());
    assert_eq!(answer.status, 202);
    let body = answer.json();
    assert_eq!(body["success_count"], 2);
    assert_eq!(body["failure_count"], 2);
    for failure in body["failures"].as_array().unwrap() {
        assert!(!failure["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(
        bench.objects("").ids(),
        [id_of("indicator", 1), id_of("indicator", 4)]
    );
}

pub(crate) fn s5_5_counts_add_up(bench: &Bench) {
    let body = bench.post(&mixed()).json();
    let count = |name: &str| body[name].as_u64().unwrap();
    let parts = count("success_count") + count("failure_count") + count("pending_count");
    assert_eq!((count("total_count"), parts), (4, 4));
    for (list, name) in [
        ("successes", "success_count"),
        ("failures", "failure_count"),
    ] {
        assert_eq!(body[list].as_array().unwrap().len() as u64, count(name));
    }
    assert!(body.get("pendings").is_none(), "an empty list is left out");
}

pub(crate) fn s5_5_duplicates_are_no_error(bench: &Bench) {
    bench.fill(&[indicator(1, 1)]);
    bench.fill(&[indicator(1, 1), indicator(1, 1)]);
    assert_eq!(bench.objects("match[version]=all").ids().len(), 1);
}

pub(crate) fn s5_5_bundles_as_opencti_posts(bench: &Bench) {
    let id = "bundle--00000000-0000-4000-8000-000000000001";
    let bundle = json!({ "type": "bundle", "id": id, "objects": [indicator(1, 1)] }).to_string();
    for media in [
        "application/stix+json; version=2.1",
        "application/stix+json;version=2.1",
    ] {
        let answer = bench.post_bytes(&bench.full, media, bundle.as_bytes());
        assert_eq!(answer.status, 202);
        assert_eq!(answer.json()["success_count"], 1);
    }
    assert_eq!(bench.objects("").ids(), [id_of("indicator", 1)]);
}

/// A marking and an observable, which have `created` or nothing.
fn unversioned() -> [Value; 2] {
    let marking = json!({
        "type": "marking-definition", "spec_version": "2.1",
        "id": "marking-definition--00000000-0000-4000-8000-000000000001",
        "created": version(5), "name": "TLP:AMBER",
        "extensions": {
            "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {
                "extension_type": "property-extension", "tlp_2_0": "amber",
            },
        },
    });
    let address = json!({
        "type": "ipv4-addr", "spec_version": "2.1", "value": "198.51.100.7",
        "id": "ipv4-addr--00000000-0000-4000-8000-000000000001",
    });
    [marking, address]
}

pub(crate) fn s5_5_objects_without_modified(bench: &Bench) {
    let body = bench.post(&unversioned()).json();
    assert_eq!(body["success_count"], 2);
    for success in body["successes"].as_array().unwrap() {
        assert!(success["version"].is_string(), "{success}");
    }
    let back = bench.objects("").json();
    assert_eq!(back["objects"], json!(unversioned()));
}

pub(crate) fn s5_5_empty_envelope(bench: &Bench) {
    let answer = bench.post_bytes(&bench.full, TAXII, b"{}");
    assert_eq!(
        (answer.status, &answer.json()["total_count"]),
        (202, &0.into())
    );
}

pub(crate) fn s5_5_status_can_be_asked(bench: &Bench) {
    let posted = bench.post(&mixed()).json();
    let answer = bench.get(&format!(
        "/taxii2/api/status/{}/",
        posted["id"].as_str().unwrap()
    ));
    assert_eq!((answer.status, answer.json()), (200, posted));
}

pub(crate) fn s5_5_status_details(bench: &Bench) {
    let body = bench.post(&mixed()).json();
    let first = &body["successes"][0];
    assert_eq!(first["id"], id_of("indicator", 1));
    assert_eq!(first["version"], version(1));
    for failure in body["failures"].as_array().unwrap() {
        assert!(
            failure["id"].is_string() && failure["version"].is_string(),
            "{failure}"
        );
    }
}

fn one(bench: &Bench, rest: &str) -> super::Answer {
    bench.get(&bench.at(&bench.full, &format!("objects/{rest}")))
}

pub(crate) fn s5_6_object(bench: &Bench) {
    bench.fill(&[indicator(1, 1), indicator(2, 1), indicator(1, 3)]);
    let answer = one(bench, &format!("{}/", id_of("indicator", 1)));
    assert_eq!(answer.json()["objects"], json!([indicator(1, 3)]));
    // Only `version` is a filter here: others are passed over.
    let answer = one(
        bench,
        &format!("{}/?match[type]=malware", id_of("indicator", 1)),
    );
    assert_eq!(answer.ids().len(), 1);
}

pub(crate) fn s5_6_unknown_is_404(bench: &Bench) {
    is_problem(&one(bench, &format!("{}/", id_of("indicator", 9))), 404);
}

pub(crate) fn s5_6_malformed_is_404(bench: &Bench) {
    for id in [
        "x",
        "indicator--1",
        "%00",
        "indicator--%E2%82%AC",
        "..",
        "indicator",
    ] {
        is_problem(&one(bench, &format!("{id}/")), 404);
    }
}

pub(crate) fn s5_6_version(bench: &Bench) {
    bench.fill(&[indicator(1, 1), indicator(1, 2), indicator(1, 3)]);
    let id = id_of("indicator", 1);
    for (query, seconds) in [
        ("match[version]=first", vec![1]),
        ("match[version]=last", vec![3]),
        ("match[version]=all", vec![1, 2, 3]),
        ("match[version]=first,last", vec![1, 3]),
        (&format!("match[version]={}", version(2)), vec![2]),
    ] {
        let body = one(bench, &format!("{id}/?{query}")).json();
        let list = body["objects"].as_array().unwrap().clone();
        let found: Vec<Value> = list
            .iter()
            .map(|object| object["modified"].clone())
            .collect();
        let expected: Vec<Value> = seconds.iter().map(|s| version(*s).into()).collect();
        assert_eq!(found, expected, "{query}");
    }
}

pub(crate) fn s5_6_other_version_is_404(bench: &Bench) {
    bench.fill(&[indicator(1, 1)]);
    let query = format!("{}/?match[version]={}", id_of("indicator", 1), version(9));
    is_problem(&one(bench, &query), 404);
}

pub(crate) fn s5_6_filtered_out_is_empty(bench: &Bench) {
    bench.fill(&[indicator(1, 1)]);
    for query in [
        "added_after=2199-01-01T00:00:00Z",
        "match[spec_version]=2.0",
    ] {
        let answer = one(bench, &format!("{}/?{query}", id_of("indicator", 1)));
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (200, &b"{}"[..]),
            "{query}"
        );
    }
}

pub(crate) fn s5_6_unreadable_is_403(bench: &Bench) {
    let rest = format!("objects/{}/", id_of("indicator", 1));
    is_problem(&bench.get(&bench.at(&bench.writing, &rest)), 403);
    is_problem(
        &bench.get(&bench.at(&bench.writing, &format!("{rest}versions/"))),
        403,
    );
}

pub(crate) fn s5_7_delete_all(bench: &Bench) {
    bench.fill(&[indicator(1, 1), indicator(1, 2), indicator(2, 1)]);
    let answer = bench.delete(&id_of("indicator", 1), "");
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(answer.header("content-type"), Some(TAXII));
    is_problem(&one(bench, &format!("{}/", id_of("indicator", 1))), 404);
    assert_eq!(
        bench.objects("match[version]=all").ids(),
        [id_of("indicator", 2)]
    );
    let manifest = bench.get(&bench.at(&bench.full, "manifest/?match[version]=all"));
    assert_eq!(manifest.ids(), [id_of("indicator", 2)]);
}

pub(crate) fn s5_7_delete_a_version(bench: &Bench) {
    bench.fill(&[indicator(1, 1), indicator(1, 2), indicator(1, 3)]);
    let id = id_of("indicator", 1);
    let query = format!("match[version]={}", version(2));
    assert_eq!(bench.delete(&id, &query).status, 200);
    is_problem(&one(bench, &format!("{id}/?{query}")), 404);
    assert_eq!(
        one(bench, &format!("{id}/?match[version]=all")).ids().len(),
        2
    );
    assert_eq!(bench.delete(&id, "match[version]=last").status, 200);
    let left = one(bench, &format!("{id}/")).json();
    assert_eq!(left["objects"][0]["modified"], version(1));
}

pub(crate) fn s5_7_unknown_is_404(bench: &Bench) {
    bench.fill(&[indicator(1, 1)]);
    is_problem(&bench.delete(&id_of("indicator", 9), ""), 404);
    is_problem(&bench.delete("x", ""), 404);
    let query = format!("match[version]={}", version(9));
    is_problem(&bench.delete(&id_of("indicator", 1), &query), 404);
}

pub(crate) fn s5_7_rights(bench: &Bench) {
    let rest = format!("objects/{}/", id_of("indicator", 1));
    for (collection, status) in [
        (&bench.reading, 403),
        (&bench.writing, 403),
        (&bench.unseen, 404),
    ] {
        is_problem(
            &bench.call(Call::new("DELETE", &bench.at(collection, &rest))),
            status,
        );
    }
}

pub(crate) fn s5_7_of_another_is_403(bench: &Bench) {
    bench.fill(&[indicator(1, 1)]);
    let path = bench.at(&bench.full, &format!("objects/{}/", id_of("indicator", 1)));
    let call = Call::new("DELETE", &path).with("authorization", &bench.other);
    is_problem(&bench.call(call), 403);
    assert_eq!(bench.objects("").ids().len(), 1);
}

pub(crate) fn s5_7_filters_are_not_passed_over(bench: &Bench) {
    bench.fill(&[indicator(1, 1)]);
    for query in [
        "match[id]=x",
        "limit=1",
        "match[version]=",
        "version=first",
        "next=a",
    ] {
        is_problem(&bench.delete(&id_of("indicator", 1), query), 400);
    }
    assert_eq!(bench.objects("").ids().len(), 1);
}

pub(crate) fn s5_7_again_is_404(bench: &Bench) {
    bench.fill(&[indicator(1, 1)]);
    assert_eq!(bench.delete(&id_of("indicator", 1), "").status, 200);
    is_problem(&bench.delete(&id_of("indicator", 1), ""), 404);
}

pub(crate) fn s5_8_versions(bench: &Bench) {
    bench.fill(&[indicator(1, 3), indicator(2, 1), indicator(1, 5)]);
    let answer = one(bench, &format!("{}/versions/", id_of("indicator", 1)));
    assert_eq!(answer.json()["versions"], json!([version(3), version(5)]));
    assert!(answer.header("x-taxii-date-added-first") < answer.header("x-taxii-date-added-last"));
}

pub(crate) fn s5_8_versions_page(bench: &Bench) {
    bench.fill(&[indicator(1, 1), indicator(1, 2), indicator(1, 3)]);
    let path = format!("{}/versions/?limit=2", id_of("indicator", 1));
    let first = one(bench, &path);
    assert_eq!(first.json()["versions"], json!([version(1), version(2)]));
    assert_eq!(first.json()["more"], true);
    let second = one(bench, &format!("{path}&next={}", first.next().unwrap()));
    assert_eq!(second.json()["versions"], json!([version(3)]));
    assert_eq!(second.next(), None);
}

pub(crate) fn s5_8_unknown_is_404(bench: &Bench) {
    is_problem(
        &one(bench, &format!("{}/versions/", id_of("indicator", 9))),
        404,
    );
    is_problem(&one(bench, "x/versions/"), 404);
}

pub(crate) fn s5_8_without_modified(bench: &Bench) {
    bench.fill(&unversioned());
    let [marking, address] = unversioned();
    let versions = |object: &Value| {
        let id = object["id"].as_str().unwrap();
        one(bench, &format!("{id}/versions/")).json()["versions"].clone()
    };
    assert_eq!(versions(&marking), json!([version(5)]));
    assert_eq!(versions(&address).as_array().unwrap().len(), 1);
}

pub(crate) fn s7_1_custom_properties_are_taken(bench: &Bench) {
    let envelope = json!({ "x_example_com_note": { "a": 1 }, "objects": [indicator(1, 1)] });
    let answer = bench.post_bytes(&bench.full, TAXII, envelope.to_string().as_bytes());
    assert_eq!(
        (answer.status, &answer.json()["success_count"]),
        (202, &1.into())
    );
    bench.fill(&[object("x-example-com-thing", 1, 1)]);
}
