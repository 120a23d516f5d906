//! The requirements of TAXII 2.1, each a check named by its section, for any server that has the
//! collections and credentials of a [`Bench`]: here without sockets, in `noroshi-net` over one.

pub(crate) mod access;
pub(crate) mod desk;
pub(crate) mod listing;
pub(crate) mod posting;
pub(crate) mod resources;

use serde_json::{Value, json};

pub(crate) const TAXII: &str = "application/taxii+json;version=2.1";

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A response; names of headers in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The ids of the objects, in their order.
    pub(crate) fn ids(&self) -> Vec<String> {
        let body = self.json();
        let list = body["objects"].as_array().cloned().unwrap_or_default();
        list.iter()
            .map(|object| object["id"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn next(&self) -> Option<String> {
        self.json()["next"].as_str().map(str::to_owned)
    }
}

/// Whatever answers.
pub(crate) trait Peer {
    fn call(&self, call: &Call) -> Answer;
}

/// A server with what the checks need: four collections and two callers.
pub(crate) struct Bench {
    pub(crate) peer: Box<dyn Peer>,
    /// Such as `Bearer abc`: sees `full` (read and write), `reading`, `writing`.
    pub(crate) caller: String,
    /// Sees `full` too, and nothing else.
    pub(crate) other: String,
    /// Is told to come later.
    pub(crate) throttled: String,
    pub(crate) full: String,
    pub(crate) alias: String,
    pub(crate) reading: String,
    pub(crate) writing: String,
    /// Exists, and not for these callers.
    pub(crate) unseen: String,
    /// May neither be read nor written by them.
    pub(crate) shut: String,
    /// The most entries of a page, and the largest body.
    pub(crate) page_max: usize,
    pub(crate) body_bytes_max: usize,
}

impl Bench {
    pub(crate) fn bare(&self, call: &Call) -> Answer {
        self.peer.call(call)
    }

    pub(crate) fn call(&self, call: Call) -> Answer {
        let mut call = call;
        let named = |call: &Call, name: &str| call.headers.iter().any(|(known, _)| known == name);
        if !named(&call, "authorization") {
            call = call.with("authorization", &self.caller);
        }
        if !named(&call, "accept") {
            call = call.with("accept", TAXII);
        }
        self.bare(&call)
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.call(Call::new("GET", target))
    }

    /// A path below a collection.
    pub(crate) fn at(&self, collection: &str, rest: &str) -> String {
        format!("/taxii2/api/collections/{collection}/{rest}")
    }

    /// What `objects/` of the full collection answers to a query.
    pub(crate) fn objects(&self, query: &str) -> Answer {
        self.get(&self.at(&self.full, &format!("objects/?{query}")))
    }

    pub(crate) fn post_bytes(&self, collection: &str, media: &str, body: &[u8]) -> Answer {
        let target = self.at(collection, "objects/");
        let mut call = Call::new("POST", &target).with("content-type", media);
        call.body = body.to_vec();
        self.call(call)
    }

    pub(crate) fn post(&self, objects: &[Value]) -> Answer {
        let body = json!({ "objects": objects }).to_string();
        self.post_bytes(&self.full, TAXII, body.as_bytes())
    }

    /// Post these, one after the other, and take it for granted.
    pub(crate) fn fill(&self, objects: &[Value]) {
        let answer = self.post(objects);
        assert_eq!(answer.status, 202, "{:?}", answer.json());
        assert_eq!(answer.json()["success_count"], objects.len());
    }

    pub(crate) fn delete(&self, id: &str, query: &str) -> Answer {
        let target = self.at(&self.full, &format!("objects/{id}/?{query}"));
        self.call(Call::new("DELETE", &target))
    }
}

/// An indicator, one for each number, of the year 2026 and this second.
pub(crate) fn indicator(number: u32, second: u32) -> Value {
    object("indicator", number, second)
}

pub(crate) fn id_of(kind: &str, number: u32) -> String {
    format!("{kind}--00000000-0000-4000-8000-{number:012x}")
}

pub(crate) fn version(second: u32) -> String {
    format!("2026-01-01T00:{:02}:{:02}.000Z", second / 60, second % 60)
}

pub(crate) fn object(kind: &str, number: u32, second: u32) -> Value {
    json!({
        "type": kind,
        "spec_version": "2.1",
        "id": id_of(kind, number),
        "created": version(0),
        "modified": version(second),
        "name": format!("number {number}"),
        "pattern": format!("[ipv4-addr:value = '198.51.100.{}']", number % 250),
        "pattern_type": "stix",
        "valid_from": version(0),
    })
}

/// An error body as 3.6 wants it.
pub(crate) fn is_problem(answer: &Answer, status: u16) {
    assert_eq!(
        answer.status,
        status,
        "{:?}",
        String::from_utf8_lossy(&answer.body)
    );
    assert_eq!(answer.header("content-type"), Some(TAXII));
    let body = answer.json();
    assert!(body["title"].is_string(), "{body}");
    assert_eq!(body["http_status"], status.to_string());
    let description = body["description"].as_str().unwrap();
    assert!(
        description.len() > 20 && description.ends_with('.'),
        "{body}"
    );
}

/// Calls a macro with the path of every check.
macro_rules! each_check {
    ($with:ident) => {
        $with! {
            access: no_credential_is_401, unknown_credentials_are_401, s3_2_challenges_are_named,
                credential_comes_before_everything, throttled_is_429,
                every_endpoint_of_the_description_refuses_strangers,
                unknown_paths_are_404, other_methods_are_405, s3_1_the_last_slash_is_not_missed,
                s1_6_8_accept_of_another_kind_is_406, s1_6_8_older_clients_are_told,
                s1_6_8_accept_as_clients_write_it, s3_1_responses_name_type_and_version,
                s8_2_1_user_agent_is_not_needed, s3_6_errors_have_their_body,
                b_absent_and_hidden_look_alike, head_is_get_without_a_body,
                options_names_the_methods, s3_6_nothing_is_kept_by_caches,
                s1_6_9_basic_is_taken, malformed_paths_are_404;
            resources: s4_1_discovery, s4_1_1_roots_are_urls, s8_2_1_discovery_lies_at_the_root,
                s4_2_api_root, s4_2_1_versions_and_cap, s4_2_other_roots_are_404,
                s4_3_unknown_status_is_404, s4_3_malformed_status_is_404,
                s4_3_status_of_another_is_404, s5_1_collections, s5_1_order_is_the_same,
                s5_1_without_any_the_list_is_left_out, s5_2_collection, s5_2_by_alias,
                s5_2_unknown_collection_is_404, s5_2_rights_are_told, s5_2_media_types,
                s3_8_required_properties, openapi_has_every_endpoint, openapi_is_served,
                unchanged_resources_are_304, changed_resources_are_sent;
            listing: s3_3_oldest_added_first, s3_4_no_filter_gives_all, s3_4_limit_malformed_is_400,
                s3_4_limit_is_kept, s3_4_limit_above_the_cap,
                s3_4_ranges_of_2_0_are_passed_over, s3_4_empty_parameters_ask_nothing,
                s3_4_twice_the_same_is_400, s3_4_unknown_filters_are_passed_over,
                s3_4_malformed_values_are_400, s3_4_added_after_is_exclusive,
                s3_4_added_after_in_other_spellings, s3_4_added_after_malformed_is_400,
                s3_4_added_after_the_future_is_empty, s3_4_fields_are_anded,
                s3_4_values_are_ored, s3_4_1_id, s3_4_1_type, s3_4_1_every_type_is_taken,
                s3_4_1_spec_version, s3_4_1_version_defaults_to_last, s3_4_1_version_first,
                s3_4_1_version_all, s3_4_1_version_of_a_time, s3_4_1_version_of_another_precision,
                s3_4_1_versions_are_alternatives, s3_4_1_versions_malformed_are_400,
                s3_4_encoded_names_are_read, s3_5_pages_have_all_once, s3_5_more_and_next,
                s3_5_the_last_page_says_so, s3_5_next_that_is_garbage_is_400,
                s3_5_next_of_another_collection_is_400, s3_5_next_with_other_filters_is_400,
                s3_5_next_of_another_caller_is_400, s3_5_next_of_another_endpoint_is_400,
                s3_5_next_again_gives_the_same, s3_5_limit_may_change_on_the_way,
                s3_5_order_of_values_does_not_count, s3_5_additions_lie_ahead,
                s3_5_added_after_pages_as_well, s3_5_next_and_added_after_together,
                s3_2_dates_of_the_page, s3_2_dates_of_an_empty_page, s2_dates_have_six_digits,
                s3_7_empty_envelope, s3_7_no_empty_lists, s5_3_manifest, s5_3_manifest_pages,
                s5_3_manifest_filters_the_objects, s5_3_manifest_without_versions,
                s5_4_unreadable_is_403, s5_4_unknown_is_404, fidelity_of_what_was_posted;
            posting: s5_5_unwritable_is_403, s5_5_unknown_is_404_before_the_body,
                s5_5_other_media_types_are_415, s5_5_older_media_types_are_told,
                s5_5_too_large_is_413, s5_5_malformed_bodies_are_422,
                s5_5_answers_202_with_a_status, s5_5_mixed_posts, s5_5_counts_add_up,
                s5_5_duplicates_are_no_error, s5_5_bundles_as_opencti_posts,
                s5_5_objects_without_modified, s5_5_empty_envelope, s5_5_status_can_be_asked,
                s5_5_status_details, s5_6_object, s5_6_unknown_is_404, s5_6_malformed_is_404,
                s5_6_version, s5_6_other_version_is_404, s5_6_filtered_out_is_empty,
                s5_6_unreadable_is_403, s5_7_delete_all, s5_7_delete_a_version,
                s5_7_unknown_is_404, s5_7_rights, s5_7_of_another_is_403,
                s5_7_filters_are_not_passed_over, s5_7_again_is_404, s5_8_versions,
                s5_8_versions_page, s5_8_unknown_is_404, s5_8_without_modified,
                s7_1_custom_properties_are_taken;
        }
    };
}

/// The bench of the desk in memory, wherever it is asked.
pub(crate) fn bench(peer: Box<dyn Peer>) -> Bench {
    Bench {
        peer,
        caller: "Bearer caller".to_owned(),
        other: "Bearer other".to_owned(),
        throttled: "Bearer throttled".to_owned(),
        full: desk::FULL.to_owned(),
        alias: "everything".to_owned(),
        reading: desk::READING.to_owned(),
        writing: desk::WRITING.to_owned(),
        shut: "55555555-5555-4555-8555-555555555555".to_owned(),
        unseen: "44444444-4444-4444-8444-444444444444".to_owned(),
        page_max: 20,
        body_bytes_max: 64 * 1024,
    }
}

pub(crate) use each_check;
