//! Discovery, API root, status and collections (4, 5.1, 5.2), and the description.

use std::collections::BTreeSet;

use super::{Bench, Call, TAXII, indicator, is_problem};

const COLLECTIONS: &str = "/taxii2/api/collections/";

pub(crate) fn s4_1_discovery(bench: &Bench) {
    let body = bench.get("/taxii2/").json();
    assert!(!body["title"].as_str().unwrap().is_empty());
    let roots = body["api_roots"].as_array().unwrap();
    assert_eq!(roots.len(), 1);
    assert_eq!(body["default"], roots[0]);
}

pub(crate) fn s4_1_1_roots_are_urls(bench: &Bench) {
    let body = bench.get("/taxii2/").json();
    let root = body["api_roots"][0].as_str().unwrap();
    let relative = root.starts_with('/') && !root.starts_with("//");
    assert!(relative || root.starts_with("https://"), "{root}");
    assert!(root.ends_with("/taxii2/api/") && !root.contains('?'));
    if relative {
        assert_eq!(bench.get(root).status, 200);
    }
}

pub(crate) fn s8_2_1_discovery_lies_at_the_root(bench: &Bench) {
    assert_eq!(bench.get("/taxii2/").status, 200);
    is_problem(&bench.get("/taxii/"), 404);
}

pub(crate) fn s4_2_api_root(bench: &Bench) {
    let answer = bench.get("/taxii2/api/");
    assert_eq!(answer.status, 200);
    assert!(!answer.json()["title"].as_str().unwrap().is_empty());
}

pub(crate) fn s4_2_1_versions_and_cap(bench: &Bench) {
    let body = bench.get("/taxii2/api/").json();
    assert!(body["versions"].as_array().unwrap().contains(&TAXII.into()));
    assert_eq!(body["max_content_length"], bench.body_bytes_max);
    assert_eq!(body["x_noroshi_page_max"], bench.page_max);
}

pub(crate) fn s4_2_other_roots_are_404(bench: &Bench) {
    for path in [
        "/taxii2/api1/",
        "/api/",
        "/taxii2/../api/",
        "/taxii2/api2/collections/",
    ] {
        is_problem(&bench.get(path), 404);
    }
}

pub(crate) fn s4_3_unknown_status_is_404(bench: &Bench) {
    is_problem(
        &bench.get("/taxii2/api/status/66666666-6666-4666-8666-666666666666/"),
        404,
    );
}

pub(crate) fn s4_3_malformed_status_is_404(bench: &Bench) {
    for id in [
        "x",
        "%00",
        "1'",
        "66666666-6666-4666-8666-66666666666",
        "%F0%9F%A6%80",
    ] {
        is_problem(&bench.get(&format!("/taxii2/api/status/{id}/")), 404);
    }
}

pub(crate) fn s4_3_status_of_another_is_404(bench: &Bench) {
    let status = bench.post(&[indicator(1, 1)]).json();
    let path = format!("/taxii2/api/status/{}/", status["id"].as_str().unwrap());
    assert_eq!(bench.get(&path).json(), status);
    let other = Call::new("GET", &path).with("authorization", &bench.other);
    is_problem(&bench.call(other), 404);
}

pub(crate) fn s5_1_collections(bench: &Bench) {
    let body = bench.get(COLLECTIONS).json();
    let list = body["collections"].as_array().unwrap();
    let ids: BTreeSet<&str> = list.iter().map(|one| one["id"].as_str().unwrap()).collect();
    let expected = [&bench.full, &bench.reading, &bench.writing];
    assert_eq!(ids, expected.iter().map(|id| id.as_str()).collect());
}

pub(crate) fn s5_1_order_is_the_same(bench: &Bench) {
    assert_eq!(bench.get(COLLECTIONS).body, bench.get(COLLECTIONS).body);
}

pub(crate) fn s5_1_without_any_the_list_is_left_out(bench: &Bench) {
    let call = Call::new("GET", COLLECTIONS).with("authorization", "Bearer nobody");
    let answer = bench.call(call);
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"{}"[..]));
}

pub(crate) fn s5_2_collection(bench: &Bench) {
    let list = bench.get(COLLECTIONS).json();
    for one in list["collections"].as_array().unwrap() {
        let answer = bench.get(&bench.at(one["id"].as_str().unwrap(), ""));
        assert_eq!((answer.status, &answer.json()), (200, one));
    }
}

pub(crate) fn s5_2_by_alias(bench: &Bench) {
    let by_id = bench.get(&bench.at(&bench.full, ""));
    let by_alias = bench.get(&bench.at(&bench.alias, ""));
    assert_eq!(by_id.body, by_alias.body);
    let upper = bench.get(&bench.at(&bench.full.to_uppercase(), ""));
    assert_eq!(by_id.body, upper.body);
}

pub(crate) fn s5_2_unknown_collection_is_404(bench: &Bench) {
    for id in [
        "66666666-6666-4666-8666-666666666666",
        "nothing",
        "%20",
        "%F0%9F%A6%80",
    ] {
        is_problem(&bench.get(&bench.at(id, "")), 404);
    }
}

pub(crate) fn s5_2_rights_are_told(bench: &Bench) {
    for (id, read, write) in [
        (&bench.full, true, true),
        (&bench.reading, true, false),
        (&bench.writing, false, true),
    ] {
        let body = bench.get(&bench.at(id, "")).json();
        assert_eq!(
            (&body["can_read"], &body["can_write"]),
            (&read.into(), &write.into())
        );
    }
}

pub(crate) fn s5_2_media_types(bench: &Bench) {
    let body = bench.get(&bench.at(&bench.full, "")).json();
    assert_eq!(body["media_types"][0], "application/stix+json;version=2.1");
}

pub(crate) fn s3_8_required_properties(bench: &Bench) {
    bench.fill(&[indicator(1, 1)]);
    let status = bench.post(&[indicator(2, 1)]).json();
    let collection = bench.get(&bench.at(&bench.full, "")).json();
    let manifest = bench.get(&bench.at(&bench.full, "manifest/")).json();
    for (resource, names) in [
        (&bench.get("/taxii2/").json(), vec!["title"]),
        (
            &bench.get("/taxii2/api/").json(),
            vec!["title", "versions", "max_content_length"],
        ),
        (&collection, vec!["id", "title", "can_read", "can_write"]),
        (&manifest["objects"][0], vec!["id", "date_added", "version"]),
        (
            &status,
            vec![
                "id",
                "status",
                "total_count",
                "success_count",
                "failure_count",
                "pending_count",
            ],
        ),
    ] {
        for name in names {
            assert!(!resource[name].is_null(), "{name} of {resource}");
        }
    }
}

pub(crate) fn openapi_has_every_endpoint(bench: &Bench) {
    let description = bench.get("/taxii2/openapi.json").json();
    let mut operations = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        let path = path.strip_prefix("/taxii2").unwrap();
        operations.extend(
            methods
                .as_object()
                .unwrap()
                .keys()
                .map(|m| format!("{m} {path}")),
        );
    }
    operations.sort_unstable();
    assert_eq!(
        operations,
        [
            "delete /api/collections/{id}/objects/{object-id}/",
            "get /",
            "get /api/",
            "get /api/collections/",
            "get /api/collections/{id}/",
            "get /api/collections/{id}/manifest/",
            "get /api/collections/{id}/objects/",
            "get /api/collections/{id}/objects/{object-id}/",
            "get /api/collections/{id}/objects/{object-id}/versions/",
            "get /api/status/{status-id}/",
            "get /openapi.json",
            "post /api/collections/{id}/objects/",
        ]
    );
}

pub(crate) fn openapi_is_served(bench: &Bench) {
    let answer = bench.get("/taxii2/openapi.json");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json()["openapi"], "3.1.0");
    let json = Call::new("GET", "/taxii2/openapi.json").with("accept", "application/json");
    assert_eq!(bench.call(json).body, answer.body);
    // Every schema that is named is there.
    let text = String::from_utf8(answer.body.clone()).unwrap();
    for name in text.split("#/components/schemas/").skip(1) {
        let name = name.split('"').next().unwrap();
        assert!(
            answer.json()["components"]["schemas"][name].is_object(),
            "{name}"
        );
    }
}

pub(crate) fn unchanged_resources_are_304(bench: &Bench) {
    bench.fill(&[indicator(1, 1)]);
    let object = format!("objects/{}/", super::id_of("indicator", 1));
    for path in [
        "/taxii2/".to_owned(),
        COLLECTIONS.to_owned(),
        bench.at(&bench.full, ""),
        bench.at(&bench.full, &object),
    ] {
        let first = bench.get(&path);
        let tag = first.header("etag").unwrap().to_owned();
        let strong = tag.trim_start_matches("W/").to_owned();
        for known in [&tag, &strong, "*", &format!("\"other\", {tag}")] {
            let again = bench.call(Call::new("GET", &path).with("if-none-match", known));
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} {known}");
            assert_eq!(again.header("etag"), Some(tag.as_str()));
        }
    }
}

pub(crate) fn changed_resources_are_sent(bench: &Bench) {
    bench.fill(&[indicator(1, 1)]);
    let path = bench.at(
        &bench.full,
        &format!("objects/{}/", super::id_of("indicator", 1)),
    );
    let tag = bench.get(&path).header("etag").unwrap().to_owned();
    bench.fill(&[indicator(1, 2)]);
    let again = bench.call(Call::new("GET", &path).with("if-none-match", &tag));
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["objects"][0]["modified"], super::version(2));
    for other in ["", "W/", "\"\"", "garbage", "W/\"00\""] {
        let answer = bench.call(Call::new("GET", &path).with("if-none-match", other));
        assert_eq!(answer.status, 200, "{other}");
    }
    // Pages have no tag: they are of their moment.
    assert_eq!(bench.objects("").header("etag"), None);
}
