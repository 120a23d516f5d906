//! The description of the endpoints for machines (OpenAPI 3.1), made from the table of routes.

use serde_json::{Map, Value, json};

use crate::answer::About;
use crate::media::TAXII;
use crate::query::Filter;
use crate::routes::{Endpoint, ROUTES, Route};

/// Statuses that each endpoint may answer with beside success.
const PROBLEMS: [(u16, &str); 8] = [
    (400, "The query cannot be used"),
    (401, "No valid credential"),
    (403, "Not with this credential"),
    (404, "There is nothing of that name for this credential"),
    (405, "Another method is meant"),
    (406, "No media type that this server speaks"),
    (429, "Too many requests"),
    (503, "Not now"),
];
/// And those of a post.
const POST_PROBLEMS: [(u16, &str); 4] = [
    (408, "The body came too slowly"),
    (413, "The body is larger than max_content_length"),
    (415, "Another media type or compression is meant"),
    (422, "The body cannot be used"),
];

pub(crate) fn description(about: &About) -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.to_ascii_lowercase()] = operation(route, about);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": about.title,
            "summary": "TAXII 2.1 (OASIS Standard, 10 June 2021)",
            "version": "2.1",
        },
        "servers": [{ "url": about.origin.as_deref().unwrap_or("/") }],
        "security": [{ "bearer": [] }, { "basic": [] }, { "certificate": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "basic": { "type": "http", "scheme": "basic" },
                "certificate": { "type": "mutualTLS" },
            },
            "schemas": schemas(),
        },
    })
}

fn operation(route: &Route, about: &About) -> Value {
    let names = route.path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        Some(path_parameter(name))
    });
    let filters = route
        .filters
        .iter()
        .map(|filter| query_parameter(*filter, about));
    let parameters: Vec<Value> = names.chain(filters).collect();
    let mut operation = json!({
        "operationId": format!("{:?}", route.endpoint),
        "summary": route.summary,
        "description": format!("TAXII 2.1, section {}", route.section),
        "parameters": parameters,
        "responses": responses(route),
    });
    if route.endpoint == Endpoint::Add {
        let envelope = json!({ "schema": { "$ref": "#/components/schemas/envelope" } });
        operation["requestBody"] = json!({
            "required": true,
            "description": format!("At most {} bytes", about.body_bytes_max),
            "content": {
                TAXII: envelope,
                "application/stix+json;version=2.1": {
                    "schema": { "$ref": "#/components/schemas/bundle" }
                },
            },
        });
    }
    operation
}

fn path_parameter(name: &str) -> Value {
    let schema = match name {
        "object-id" => json!({ "type": "string", "pattern": format!("^{STIX_ID}$") }),
        "status-id" => json!({ "type": "string", "format": "uuid" }),
        _ => json!({ "type": "string", "minLength": 1, "maxLength": 250 }),
    };
    json!({ "name": name, "in": "path", "required": true, "schema": schema })
}

const STIX_ID: &str =
    "[a-z0-9-]{3,250}--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
/// Anything that can be seen, but a comma.
const TYPE: &str = "[!-+\\--~]{1,250}";
const SPEC_VERSION: &str = "[0-9]{1,9}[.][0-9]{1,9}";
const VERSION: &str = "(first|last|all|\
    [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?Z)";

/// Values between commas, or none.
fn list_of(value: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^({value}(,{value})*)?$") })
}

fn query_parameter(filter: Filter, about: &About) -> Value {
    let text = json!({ "type": "string" });
    let (schema, description) = match filter {
        Filter::AddedAfter => (
            json!({ "type": "string", "format": "date-time" }),
            "Only what was added later than this".to_owned(),
        ),
        Filter::Limit => (
            json!({ "type": "integer", "minimum": 1 }),
            format!("At most so many, and never more than {}", about.page_max),
        ),
        Filter::Next => (text, "The `next` of the page before".to_owned()),
        Filter::Id => (list_of(STIX_ID), "Identifiers between commas".to_owned()),
        Filter::Type => (list_of(TYPE), "Types between commas".to_owned()),
        Filter::Version => (
            list_of(VERSION),
            "`first`, `last`, `all` or times between commas; without it the newest".to_owned(),
        ),
        Filter::SpecVersion => (
            list_of(SPEC_VERSION),
            "Versions of STIX between commas".to_owned(),
        ),
    };
    json!({
        "name": filter.name(),
        "in": "query",
        "required": false,
        "description": description,
        "schema": schema,
    })
}

fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    let mut success = json!({ "description": route.summary });
    if !route.resource.is_empty() {
        let media = if route.endpoint == Endpoint::OpenApi {
            "application/json"
        } else {
            TAXII
        };
        let schema = format!("#/components/schemas/{}", route.resource);
        success["content"] = json!({ media: { "schema": { "$ref": schema } } });
    }
    if matches!(
        route.endpoint,
        Endpoint::Manifest | Endpoint::Objects | Endpoint::Object | Endpoint::Versions
    ) {
        let time = json!({ "required": true, "schema": { "type": "string" } });
        success["headers"] = json!({
            "X-TAXII-Date-Added-First": time,
            "X-TAXII-Date-Added-Last": time,
        });
    }
    responses.insert(route.success.to_string(), success);
    let post = POST_PROBLEMS
        .iter()
        .filter(|_| route.endpoint == Endpoint::Add);
    for (status, text) in PROBLEMS.iter().chain(post) {
        let schema = json!({ "schema": { "$ref": "#/components/schemas/error" } });
        let problem = json!({ "description": text, "content": { TAXII: schema } });
        responses.insert(status.to_string(), problem);
    }
    responses.into()
}

/// An object with these properties, those before the bar required. Others may stand beside them.
fn object(required: &[&str], properties: Value) -> Value {
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let flag = json!({ "type": "boolean" });
    let count = json!({ "type": "integer", "minimum": 0 });
    let list = |name: &str| {
        let items = json!({ "$ref": format!("#/components/schemas/{name}") });
        json!({ "type": "array", "minItems": 1, "items": items })
    };
    let texts = json!({ "type": "array", "minItems": 1, "items": text });
    json!({
        "error": object(&["title"], json!({
            "title": text, "description": text, "error_code": text, "http_status": text,
        })),
        "discovery": object(&["title"], json!({
            "title": text, "description": text, "contact": text, "default": text,
            "api_roots": texts,
        })),
        "api-root": object(&["title", "versions", "max_content_length"], json!({
            "title": text, "description": text, "versions": texts,
            "max_content_length": { "type": "integer", "minimum": 1 },
        })),
        "collections": object(&[], json!({ "collections": list("collection") })),
        "collection": object(&["id", "title", "can_read", "can_write"], json!({
            "id": text, "title": text, "description": text, "alias": text,
            "can_read": flag, "can_write": flag, "media_types": texts,
        })),
        "envelope": object(&[], json!({
            "more": flag, "next": text, "objects": list("stix-object"),
        })),
        "bundle": object(&["type", "objects"], json!({
            "type": { "const": "bundle" }, "id": text, "objects": list("stix-object"),
        })),
        "stix-object": object(&["type", "id"], json!({ "type": text, "id": text })),
        "manifest": object(&[], json!({
            "more": flag, "next": text, "objects": list("manifest-record"),
        })),
        "manifest-record": object(&["id", "date_added", "version"], json!({
            "id": text, "date_added": text, "version": text, "media_type": text,
        })),
        "versions": object(&[], json!({ "more": flag, "next": text, "versions": texts })),
        "status": object(
            &["id", "status", "total_count", "success_count", "failure_count", "pending_count"],
            json!({
                "id": text, "status": { "enum": ["complete", "pending"] },
                "request_timestamp": text, "total_count": count, "success_count": count,
                "failure_count": count, "pending_count": count,
                "successes": list("status-details"), "failures": list("status-details"),
                "pendings": list("status-details"),
            }),
        ),
        "status-details": object(&["id", "version"], json!({
            "id": text, "version": text, "message": text,
        })),
        "openapi": { "type": "object" },
    })
}
