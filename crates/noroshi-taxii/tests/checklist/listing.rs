//! Order, filters, pages, envelopes and the manifest (3.3 to 3.5, 3.7, 5.3, 5.4).

use serde_json::{Value, json};

use super::{Bench, Call, TAXII, id_of, indicator, is_problem, object, version};

fn ids(numbers: &[u32]) -> Vec<String> {
    numbers
        .iter()
        .map(|number| id_of("indicator", *number))
        .collect()
}

fn many(count: u32) -> Vec<Value> {
    (0..count).map(|number| indicator(number, 1)).collect()
}

fn modified(answer: &super::Answer) -> Vec<String> {
    let body = answer.json();
    let list = body["objects"].as_array().cloned().unwrap_or_default();
    list.iter()
        .map(|one| one["modified"].as_str().unwrap().to_owned())
        .collect()
}

/// All pages from a query on, by `next`.
fn walk(bench: &Bench, query: &str) -> Vec<String> {
    let (mut all, mut next) = (Vec::new(), String::new());
    for _ in 0..1000 {
        let page = bench.objects(&format!("{query}&next={next}"));
        assert_eq!(page.status, 200, "{:?}", page.json());
        all.extend(page.ids());
        match page.next() {
            Some(there) => next = there,
            None => return all,
        }
    }
    panic!("the pages have no end");
}

pub(crate) fn s3_3_oldest_added_first(bench: &Bench) {
    bench.fill(&[indicator(5, 9)]);
    bench.fill(&[indicator(1, 5), indicator(9, 1)]);
    assert_eq!(bench.objects("").ids(), ids(&[5, 1, 9]));
    assert_eq!(
        bench.get(&bench.at(&bench.full, "manifest/")).ids(),
        ids(&[5, 1, 9])
    );
}

pub(crate) fn s3_4_no_filter_gives_all(bench: &Bench) {
    bench.fill(&many(7));
    assert_eq!(bench.objects("").ids().len(), 7);
}

pub(crate) fn s3_4_limit_malformed_is_400(bench: &Bench) {
    for limit in [
        "0", "-1", "1.5", "abc", "1e3", "%2B1", "+1", "0x10", "1,2", "00", "NaN", "%20",
    ] {
        let answer = bench.objects(&format!("limit={limit}"));
        is_problem(&answer, 400);
        assert!(
            answer.json()["description"]
                .as_str()
                .unwrap()
                .contains("`limit`")
        );
    }
}

pub(crate) fn s3_4_limit_is_kept(bench: &Bench) {
    bench.fill(&many(5));
    for limit in 1..=6 {
        let count = bench.objects(&format!("limit={limit}")).ids().len();
        assert_eq!(count, 5.min(limit));
    }
    assert_eq!(bench.objects("limit=003").ids().len(), 3);
}

/// TAXII 2.0 paged by ranges of items; 2.1 knows none.
pub(crate) fn s3_4_ranges_of_2_0_are_passed_over(bench: &Bench) {
    bench.fill(&many(3));
    for range in [
        "items=0-1",
        "items 0-1",
        "items=-",
        "bytes=0-5",
        "bytes=9-2",
        "x",
    ] {
        let call = Call::new("GET", &bench.at(&bench.full, "objects/"));
        let answer = bench.call(call.with("range", range));
        assert_eq!((answer.status, answer.ids().len()), (200, 3), "{range}");
    }
}

pub(crate) fn s3_4_limit_above_the_cap(bench: &Bench) {
    let page = bench.page_max;
    bench.fill(&many(page as u32 + 1));
    for limit in ["1000000", "4294967296", "99999999999999999999999999"] {
        let answer = bench.objects(&format!("limit={limit}"));
        assert_eq!(answer.ids().len(), page);
        assert_eq!(answer.json()["more"], true);
    }
}

pub(crate) fn s3_4_empty_parameters_ask_nothing(bench: &Bench) {
    bench.fill(&many(3));
    let plain = bench.objects("").body;
    for query in [
        "added_after=",
        "limit=",
        "next=",
        "match[type]=",
        "match[id]=",
        "match[version]=",
        "match[spec_version]=",
        "limit",
        "&&",
        "=",
        "&added_after=&next=&",
        "=x",
    ] {
        assert_eq!(bench.objects(query).body, plain, "{query}");
    }
}

pub(crate) fn s3_4_twice_the_same_is_400(bench: &Bench) {
    for query in [
        "limit=1&limit=2",
        "limit=1&limit=1",
        "added_after=&added_after=2026-01-01T00:00:00Z",
        "match[type]=indicator&match[type]=malware",
        "match%5Btype%5D=a&match[type]=b",
        "match[version]=all&match[version]=all",
        "next=a&next=b",
        "match[id]=&match[id]=",
    ] {
        is_problem(&bench.objects(query), 400);
    }
}

pub(crate) fn s3_4_unknown_filters_are_passed_over(bench: &Bench) {
    bench.fill(&many(3));
    let plain = bench.objects("").body;
    for query in [
        "match[name]=x",
        "foo=1&foo=2",
        "match=1",
        "match[]=1",
        "%5B=1",
        "MATCH[type]=x",
    ] {
        assert_eq!(bench.objects(query).body, plain, "{query}");
    }
}

pub(crate) fn s3_4_malformed_values_are_400(bench: &Bench) {
    for query in [
        "match[id]=x",
        "match[id]=indicator--1",
        "match[id]=,",
        "match[type]=a,,b",
        "match[type]=%C3%A9%20x",
        "match[spec_version]=two",
        "match[spec_version]=2",
        "match[spec_version]=2.1.1",
        "limit=%",
        "limit=%f",
        "match[type]=%ff",
    ] {
        is_problem(&bench.objects(query), 400);
    }
    let long = format!("match[type]={}", "a".repeat(300));
    is_problem(&bench.objects(&long), 400);
}

pub(crate) fn s3_4_added_after_is_exclusive(bench: &Bench) {
    bench.fill(&many(3));
    let first = bench.objects("limit=1");
    let last = first.header("x-taxii-date-added-last").unwrap();
    assert_eq!(
        bench.objects(&format!("added_after={last}")).ids(),
        ids(&[1, 2])
    );
}

pub(crate) fn s3_4_added_after_in_other_spellings(bench: &Bench) {
    bench.fill(&many(3));
    for time in [
        "2000-01-01T00:00:00Z",
        "2000-01-01T00:00:00.5Z",
        "2000-01-01T00:00:00.123Z",
        "2000-01-01T00:00:00.123456Z",
        "2000-01-01T00:00:00.123456789Z",
        "2000-01-01T00:00:00+00:00",
        "2000-01-01T00:00:00%2B09:00",
        "2000-01-01T00:00:00-05:00",
        "2000-01-01t00:00:00z",
        "2000-01-01T00%3A00%3A00Z",
    ] {
        assert_eq!(
            bench.objects(&format!("added_after={time}")).ids().len(),
            3,
            "{time}"
        );
    }
}

pub(crate) fn s3_4_added_after_malformed_is_400(bench: &Bench) {
    for time in [
        "yesterday",
        "2026",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-02-30T00:00:00Z",
        "0",
        "2026-01-01T00:00:00Z,2026-01-02T00:00:00Z",
        "1790000000",
        "2026-01-01T25:00:00Z",
        "2026-01-01%2000:00:00Z",
        "99999-01-01T00:00:00Z",
        "%F0%9F%A6%80",
    ] {
        is_problem(&bench.objects(&format!("added_after={time}")), 400);
    }
}

pub(crate) fn s3_4_added_after_the_future_is_empty(bench: &Bench) {
    bench.fill(&many(3));
    let answer = bench.objects("added_after=2199-01-01T00:00:00.000000Z");
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"{}"[..]));
}

fn two_kinds(bench: &Bench) {
    bench.fill(&[
        indicator(1, 1),
        object("malware", 1, 1),
        object("tool", 1, 1),
        indicator(2, 1),
    ]);
}

pub(crate) fn s3_4_fields_are_anded(bench: &Bench) {
    two_kinds(bench);
    let query = format!("match[type]=malware&match[id]={}", id_of("indicator", 1));
    assert_eq!(bench.objects(&query).body, b"{}");
    let query = format!("match[type]=indicator&match[id]={}", id_of("indicator", 1));
    assert_eq!(bench.objects(&query).ids(), ids(&[1]));
}

pub(crate) fn s3_4_values_are_ored(bench: &Bench) {
    two_kinds(bench);
    assert_eq!(bench.objects("match[type]=malware,tool").ids().len(), 2);
    assert_eq!(
        bench
            .objects("match[type]=tool,%20malware,tool")
            .ids()
            .len(),
        2
    );
}

pub(crate) fn s3_4_1_id(bench: &Bench) {
    two_kinds(bench);
    let query = format!("match[id]={},{}", id_of("indicator", 2), id_of("tool", 1));
    assert_eq!(
        bench.objects(&query).ids(),
        [id_of("tool", 1), id_of("indicator", 2)]
    );
    let none = format!("match[id]={}", id_of("indicator", 77));
    assert_eq!(bench.objects(&none).body, b"{}");
}

pub(crate) fn s3_4_1_type(bench: &Bench) {
    two_kinds(bench);
    assert_eq!(bench.objects("match[type]=indicator").ids(), ids(&[1, 2]));
}

pub(crate) fn s3_4_1_every_type_is_taken(bench: &Bench) {
    for kind in [
        "attack-pattern",
        "campaign",
        "course-of-action",
        "grouping",
        "identity",
        "incident",
        "indicator",
        "infrastructure",
        "intrusion-set",
        "location",
        "malware",
        "malware-analysis",
        "note",
        "observed-data",
        "opinion",
        "report",
        "threat-actor",
        "tool",
        "vulnerability",
        "relationship",
        "sighting",
        "artifact",
        "autonomous-system",
        "directory",
        "domain-name",
        "email-addr",
        "email-message",
        "file",
        "ipv4-addr",
        "ipv6-addr",
        "mac-addr",
        "mutex",
        "network-traffic",
        "process",
        "software",
        "url",
        "user-account",
        "windows-registry-key",
        "x509-certificate",
        "language-content",
        "marking-definition",
        "extension-definition",
        "x-example-com-thing",
        "Indicator",
    ] {
        let answer = bench.objects(&format!("match[type]={kind}"));
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (200, &b"{}"[..]),
            "{kind}"
        );
    }
}

pub(crate) fn s3_4_1_spec_version(bench: &Bench) {
    bench.fill(&many(2));
    for (versions, count) in [("2.1", 2), ("2.0", 0), ("2.0,2.1", 2), ("3.0", 0)] {
        let answer = bench.objects(&format!("match[spec_version]={versions}"));
        assert_eq!(answer.ids().len(), count, "{versions}");
    }
}

fn versions_of(bench: &Bench, versions: &str) -> Vec<String> {
    modified(&bench.objects(&format!("match[version]={versions}")))
}

fn three_versions(bench: &Bench) {
    bench.fill(&[indicator(1, 2), indicator(1, 1), indicator(1, 3)]);
}

pub(crate) fn s3_4_1_version_defaults_to_last(bench: &Bench) {
    three_versions(bench);
    assert_eq!(modified(&bench.objects("")), [version(3)]);
    assert_eq!(versions_of(bench, "last"), [version(3)]);
}

pub(crate) fn s3_4_1_version_first(bench: &Bench) {
    three_versions(bench);
    assert_eq!(versions_of(bench, "first"), [version(1)]);
}

pub(crate) fn s3_4_1_version_all(bench: &Bench) {
    three_versions(bench);
    assert_eq!(
        versions_of(bench, "all"),
        [version(2), version(1), version(3)]
    );
}

pub(crate) fn s3_4_1_version_of_a_time(bench: &Bench) {
    three_versions(bench);
    assert_eq!(versions_of(bench, &version(2)), [version(2)]);
    assert!(versions_of(bench, &version(8)).is_empty());
}

pub(crate) fn s3_4_1_version_of_another_precision(bench: &Bench) {
    three_versions(bench);
    let second = version(2).replace(".000Z", "");
    for spelling in ["Z", ".0Z", ".000000Z", ".000000000Z"] {
        assert_eq!(
            versions_of(bench, &format!("{second}{spelling}")),
            [version(2)]
        );
    }
    assert!(versions_of(bench, &format!("{second}.000001Z")).is_empty());
}

pub(crate) fn s3_4_1_versions_are_alternatives(bench: &Bench) {
    three_versions(bench);
    assert_eq!(versions_of(bench, "last,first"), [version(1), version(3)]);
    let three = format!("first,{},last", version(2));
    assert_eq!(versions_of(bench, &three).len(), 3);
}

pub(crate) fn s3_4_1_versions_malformed_are_400(bench: &Bench) {
    for versions in [
        "newest",
        "all,last",
        "last,all",
        "last,last",
        "2026",
        "2026-01-01T00:00:00",
        ",",
        "ALL",
        "2026-01-01T00:00:00Z,2026-01-01T00:00:00.000Z",
        "1",
        "last,",
        "2026-01-01T00:00:00+01:00",
    ] {
        is_problem(&bench.objects(&format!("match[version]={versions}")), 400);
    }
}

pub(crate) fn s3_4_encoded_names_are_read(bench: &Bench) {
    two_kinds(bench);
    for query in [
        "match%5Btype%5D=malware",
        "match%5btype%5d=malware",
        "match[type]=mal%77are",
    ] {
        assert_eq!(bench.objects(query).ids().len(), 1, "{query}");
    }
}

pub(crate) fn s3_5_pages_have_all_once(bench: &Bench) {
    bench.fill(&many(11));
    let all = bench.objects("").ids();
    for limit in [1, 2, 3, 5, 10, 11, 12] {
        assert_eq!(walk(bench, &format!("limit={limit}")), all, "{limit}");
    }
}

pub(crate) fn s3_5_more_and_next(bench: &Bench) {
    bench.fill(&many(3));
    let body = bench.objects("limit=2").json();
    assert_eq!(body["more"], true);
    assert!(!body["next"].as_str().unwrap().is_empty());
}

pub(crate) fn s3_5_the_last_page_says_so(bench: &Bench) {
    bench.fill(&many(3));
    for query in ["limit=3", ""] {
        let body = bench.objects(query).json();
        assert_eq!(body["more"], false);
        assert!(body.get("next").is_none());
    }
}

pub(crate) fn s3_5_next_that_is_garbage_is_400(bench: &Bench) {
    bench.fill(&many(3));
    let next = bench.objects("limit=1").next().unwrap();
    let mut flipped = next.clone().into_bytes();
    flipped[20] = if flipped[20] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    let long = "A".repeat(3000);
    for garbage in [
        "1",
        "abc",
        "%00",
        "%F0%9F%A6%80",
        &flipped,
        &next[1..],
        &long,
        "-1",
        "null",
    ] {
        is_problem(&bench.objects(&format!("limit=1&next={garbage}")), 400);
    }
}

pub(crate) fn s3_5_next_of_another_collection_is_400(bench: &Bench) {
    bench.fill(&many(3));
    let next = bench.objects("limit=1").next().unwrap();
    let other = bench.at(&bench.reading, &format!("objects/?limit=1&next={next}"));
    is_problem(&bench.get(&other), 400);
}

pub(crate) fn s3_5_next_with_other_filters_is_400(bench: &Bench) {
    bench.fill(&many(3));
    let next = bench.objects("limit=1").next().unwrap();
    for filter in [
        "match[type]=indicator",
        "match[version]=all",
        "match[version]=last",
        "match[spec_version]=2.1",
        "added_after=2026-01-01T00:00:00Z",
    ] {
        is_problem(
            &bench.objects(&format!("limit=1&{filter}&next={next}")),
            400,
        );
    }
}

pub(crate) fn s3_5_next_of_another_caller_is_400(bench: &Bench) {
    bench.fill(&many(3));
    let next = bench.objects("limit=1").next().unwrap();
    let path = bench.at(&bench.full, &format!("objects/?limit=1&next={next}"));
    let call = Call::new("GET", &path).with("authorization", &bench.other);
    is_problem(&bench.call(call), 400);
}

pub(crate) fn s3_5_next_of_another_endpoint_is_400(bench: &Bench) {
    bench.fill(&many(3));
    let next = bench.objects("limit=1").next().unwrap();
    is_problem(
        &bench.get(&bench.at(&bench.full, &format!("manifest/?next={next}"))),
        400,
    );
}

pub(crate) fn s3_5_next_again_gives_the_same(bench: &Bench) {
    bench.fill(&many(5));
    let next = bench.objects("limit=2").next().unwrap();
    let query = format!("limit=2&next={next}");
    let first = bench.objects(&query);
    bench.fill(&[indicator(9, 1)]);
    assert_eq!(bench.objects(&query).body, first.body);
    assert_eq!(bench.objects("limit=2").next().unwrap(), next);
}

pub(crate) fn s3_5_limit_may_change_on_the_way(bench: &Bench) {
    bench.fill(&many(5));
    let next = bench.objects("limit=2").next().unwrap();
    assert_eq!(
        bench.objects(&format!("limit=9&next={next}")).ids(),
        ids(&[2, 3, 4])
    );
    assert_eq!(
        bench.objects(&format!("next={next}")).ids(),
        ids(&[2, 3, 4])
    );
}

pub(crate) fn s3_5_order_of_values_does_not_count(bench: &Bench) {
    two_kinds(bench);
    let first = bench.objects("limit=1&match[type]=indicator,tool");
    let query = format!("match[type]=tool,indicator&next={}", first.next().unwrap());
    assert_eq!(bench.objects(&query).ids().len(), 2);
}

pub(crate) fn s3_5_additions_lie_ahead(bench: &Bench) {
    bench.fill(&many(4));
    let first = bench.objects("limit=3");
    // Old by its own dates, and of a smaller id: it was added later.
    bench.fill(&[object("attack-pattern", 0, 0)]);
    let rest = bench
        .objects(&format!("limit=3&next={}", first.next().unwrap()))
        .ids();
    assert_eq!(rest, [id_of("indicator", 3), id_of("attack-pattern", 0)]);
}

pub(crate) fn s3_5_added_after_pages_as_well(bench: &Bench) {
    bench.fill(&many(7));
    let (mut all, mut after) = (Vec::new(), "2000-01-01T00:00:00Z".to_owned());
    loop {
        let page = bench.objects(&format!("limit=2&added_after={after}"));
        all.extend(page.ids());
        after = page.header("x-taxii-date-added-last").unwrap().to_owned();
        if page.json()["more"] != true {
            break;
        }
    }
    assert_eq!(all, bench.objects("").ids());
}

pub(crate) fn s3_5_next_and_added_after_together(bench: &Bench) {
    bench.fill(&many(6));
    let after = bench
        .objects("limit=2")
        .header("x-taxii-date-added-last")
        .unwrap()
        .to_owned();
    assert_eq!(
        walk(bench, &format!("limit=1&added_after={after}")),
        ids(&[2, 3, 4, 5])
    );
}

pub(crate) fn s3_2_dates_of_the_page(bench: &Bench) {
    bench.fill(&many(3));
    let manifest = bench.get(&bench.at(&bench.full, "manifest/")).json();
    let date = |at: usize| {
        manifest["objects"][at]["date_added"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for path in ["objects/", "manifest/"] {
        let answer = bench.get(&bench.at(&bench.full, path));
        assert_eq!(
            answer.header("x-taxii-date-added-first"),
            Some(date(0).as_str())
        );
        assert_eq!(
            answer.header("x-taxii-date-added-last"),
            Some(date(2).as_str())
        );
    }
    assert!(date(0) < date(1) && date(1) < date(2));
}

/// Both are there and lead nobody astray who goes on from them.
pub(crate) fn s3_2_dates_of_an_empty_page(bench: &Bench) {
    let after = "2199-01-01T00:00:00.000000Z";
    let answer = bench.objects(&format!("added_after={after}"));
    for name in ["x-taxii-date-added-first", "x-taxii-date-added-last"] {
        assert_eq!(answer.header(name), Some(after));
        let answer = bench.objects("");
        assert_eq!(answer.header(name), Some("1970-01-01T00:00:00.000000Z"));
    }
}

pub(crate) fn s2_dates_have_six_digits(bench: &Bench) {
    let status = bench.post(&many(2)).json();
    let answer = bench.get(&bench.at(&bench.full, "manifest/"));
    let manifest = answer.json();
    for date in [
        status["request_timestamp"].as_str().unwrap(),
        manifest["objects"][0]["date_added"].as_str().unwrap(),
        answer.header("x-taxii-date-added-first").unwrap(),
    ] {
        assert_eq!(
            (date.len(), &date[19..20], &date[26..]),
            (27, ".", "Z"),
            "{date}"
        );
    }
}

pub(crate) fn s3_7_empty_envelope(bench: &Bench) {
    for path in ["objects/", "manifest/"] {
        let answer = bench.get(&bench.at(&bench.full, path));
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"{}"[..]));
    }
}

pub(crate) fn s3_7_no_empty_lists(bench: &Bench) {
    bench.fill(&many(2));
    for path in [
        "objects/",
        "manifest/",
        "objects/?match[type]=tool",
        "manifest/?limit=1",
        "",
    ] {
        let answer = bench.get(&bench.at(&bench.full, path));
        let text = String::from_utf8(answer.body).unwrap();
        assert!(!text.contains("[]") && !text.contains("null"), "{text}");
    }
}

pub(crate) fn s5_3_manifest(bench: &Bench) {
    bench.fill(&[indicator(1, 4)]);
    let body = bench.get(&bench.at(&bench.full, "manifest/")).json();
    let entry = &body["objects"][0];
    assert_eq!(entry["id"], id_of("indicator", 1));
    assert_eq!(entry["version"], version(4));
    assert_eq!(entry["media_type"], "application/stix+json;version=2.1");
    assert_eq!(entry.as_object().unwrap().len(), 4);
}

pub(crate) fn s5_3_manifest_pages(bench: &Bench) {
    bench.fill(&many(3));
    let first = bench.get(&bench.at(&bench.full, "manifest/?limit=2"));
    assert_eq!(first.json()["more"], true);
    let rest = format!("manifest/?limit=2&next={}", first.next().unwrap());
    assert_eq!(bench.get(&bench.at(&bench.full, &rest)).ids(), ids(&[2]));
}

pub(crate) fn s5_3_manifest_filters_the_objects(bench: &Bench) {
    two_kinds(bench);
    let answer = bench.get(&bench.at(&bench.full, "manifest/?match[type]=malware"));
    assert_eq!(answer.ids(), [id_of("malware", 1)]);
    is_problem(&bench.get(&bench.at(&bench.full, "manifest/?limit=0")), 400);
}

pub(crate) fn s5_3_manifest_without_versions(bench: &Bench) {
    let id = id_of("ipv4-addr", 1);
    bench.fill(&[json!({ "type": "ipv4-addr", "id": id, "value": "198.51.100.1" })]);
    let body = bench.get(&bench.at(&bench.full, "manifest/")).json();
    assert_eq!(body["objects"][0]["id"], id);
    assert!(body["objects"][0]["version"].is_string());
}

pub(crate) fn s5_4_unreadable_is_403(bench: &Bench) {
    is_problem(&bench.get(&bench.at(&bench.writing, "objects/")), 403);
    is_problem(&bench.get(&bench.at(&bench.writing, "manifest/")), 403);
}

pub(crate) fn s5_4_unknown_is_404(bench: &Bench) {
    is_problem(&bench.get(&bench.at(&bench.unseen, "objects/")), 404);
    is_problem(&bench.get(&bench.at("nowhere", "manifest/")), 404);
}

pub(crate) fn fidelity_of_what_was_posted(bench: &Bench) {
    let id = id_of("x-example-com-thing", 1);
    let text = format!(
        "{{\"zeta\":\"\u{706b}\\u00e9 \\\"{{[\",\"type\":\"x-example-com-thing\",\"id\":\"{id}\",\
         \"spec_version\":\"2.1\",\"created\":\"2026-01-01T00:00:00.123456Z\",\
         \"modified\":\"2026-01-01T00:00:00.123456Z\",\"alpha\":[1.0,2,{{\"a\":null}}],\
         \"extensions\":{{\"extension-definition--00000000-0000-4000-8000-000000000001\":\
         {{\"extension_type\":\"new-sdo\"}}}}}}"
    );
    let body = format!("{{\"objects\":[{text}]}}");
    assert_eq!(
        bench.post_bytes(&bench.full, TAXII, body.as_bytes()).status,
        202
    );
    let back = bench.objects("");
    let back: Value = serde_json::from_slice(&back.body).unwrap();
    let sent: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(back["objects"][0], sent);
}
