//! The one table of endpoints: what is routed, described, and tested for access.

use crate::query::{Filter, percent_decoded};

/// An endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// What server this is.
    Discovery,
    /// What the root takes.
    ApiRoot,
    /// What became of a post.
    Status,
    /// Which collections there are.
    Collections,
    /// One of them.
    Collection,
    /// What is in it, without the objects.
    Manifest,
    /// What is in it.
    Objects,
    /// The way in.
    Add,
    /// One object.
    Object,
    /// Its withdrawal.
    Delete,
    /// Its versions.
    Versions,
    /// This table for machines.
    OpenApi,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Which endpoint.
    pub endpoint: Endpoint,
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// The path, with names in braces.
    pub path: &'static str,
    /// The section of TAXII 2.1.
    pub section: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// Which resource answers, as the description names it.
    pub resource: &'static str,
    /// The status of success.
    pub success: u16,
    /// The parameters it knows.
    pub filters: &'static [Filter],
}

const LISTING: &[Filter] = &[
    Filter::AddedAfter,
    Filter::Limit,
    Filter::Next,
    Filter::Id,
    Filter::Type,
    Filter::Version,
    Filter::SpecVersion,
];
const ONE: &[Filter] = &[
    Filter::AddedAfter,
    Filter::Limit,
    Filter::Next,
    Filter::Version,
    Filter::SpecVersion,
];
const VERSIONS: &[Filter] = &[
    Filter::AddedAfter,
    Filter::Limit,
    Filter::Next,
    Filter::SpecVersion,
];

/// Where the API root lies.
pub const ROOT: &str = "/taxii2/api/";

/// Every endpoint there is.
pub const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint::Discovery,
        method: "GET",
        path: "/taxii2/",
        section: "4.1",
        summary: "What server this is and where its API root lies",
        resource: "discovery",
        success: 200,
        filters: &[],
    },
    Route {
        endpoint: Endpoint::OpenApi,
        method: "GET",
        path: "/taxii2/openapi.json",
        section: "8.2.1",
        summary: "This description",
        resource: "openapi",
        success: 200,
        filters: &[],
    },
    Route {
        endpoint: Endpoint::ApiRoot,
        method: "GET",
        path: "/taxii2/api/",
        section: "4.2",
        summary: "What the API root speaks and how large a body it takes",
        resource: "api-root",
        success: 200,
        filters: &[],
    },
    Route {
        endpoint: Endpoint::Status,
        method: "GET",
        path: "/taxii2/api/status/{status-id}/",
        section: "4.3",
        summary: "What became of each object of a post",
        resource: "status",
        success: 200,
        filters: &[],
    },
    Route {
        endpoint: Endpoint::Collections,
        method: "GET",
        path: "/taxii2/api/collections/",
        section: "5.1",
        summary: "The collections there are for the caller",
        resource: "collections",
        success: 200,
        filters: &[],
    },
    Route {
        endpoint: Endpoint::Collection,
        method: "GET",
        path: "/taxii2/api/collections/{id}/",
        section: "5.2",
        summary: "One collection, by id or alias",
        resource: "collection",
        success: 200,
        filters: &[],
    },
    Route {
        endpoint: Endpoint::Manifest,
        method: "GET",
        path: "/taxii2/api/collections/{id}/manifest/",
        section: "5.3",
        summary: "What a collection has, without the objects",
        resource: "manifest",
        success: 200,
        filters: LISTING,
    },
    Route {
        endpoint: Endpoint::Objects,
        method: "GET",
        path: "/taxii2/api/collections/{id}/objects/",
        section: "5.4",
        summary: "The objects of a collection",
        resource: "envelope",
        success: 200,
        filters: LISTING,
    },
    Route {
        endpoint: Endpoint::Add,
        method: "POST",
        path: "/taxii2/api/collections/{id}/objects/",
        section: "5.5",
        summary: "Add objects to a collection",
        resource: "status",
        success: 202,
        filters: &[],
    },
    Route {
        endpoint: Endpoint::Object,
        method: "GET",
        path: "/taxii2/api/collections/{id}/objects/{object-id}/",
        section: "5.6",
        summary: "One object of a collection",
        resource: "envelope",
        success: 200,
        filters: ONE,
    },
    Route {
        endpoint: Endpoint::Delete,
        method: "DELETE",
        path: "/taxii2/api/collections/{id}/objects/{object-id}/",
        section: "5.7",
        summary: "Withdraw an object that the caller posted, or the versions that are named",
        resource: "",
        success: 200,
        filters: &[Filter::Version, Filter::SpecVersion],
    },
    Route {
        endpoint: Endpoint::Versions,
        method: "GET",
        path: "/taxii2/api/collections/{id}/objects/{object-id}/versions/",
        section: "5.8",
        summary: "The versions of an object",
        resource: "versions",
        success: 200,
        filters: VERSIONS,
    },
];

/// The routes of one path, and what stands in the places of its names.
#[derive(Clone, Debug)]
pub struct Found {
    /// One for each method.
    pub routes: Vec<&'static Route>,
    /// In the order of the names.
    pub names: Vec<String>,
}

impl Found {
    /// The route for a method.
    #[must_use]
    pub fn route(&self, method: &str) -> Option<&'static Route> {
        self.routes.iter().find(|r| r.method == method).copied()
    }

    /// The methods of this path, as `Allow` lists them.
    #[must_use]
    pub fn allow(&self) -> String {
        let mut allow = String::new();
        for route in &self.routes {
            allow += route.method;
            allow += if route.method == "GET" {
                ", HEAD, "
            } else {
                ", "
            };
        }
        allow + "OPTIONS"
    }
}

/// The routes of a path. A slash that is missing at its end is not missed.
#[must_use]
pub fn find(path: &str) -> Option<Found> {
    let segments: Vec<String> = path
        .strip_prefix('/')?
        .split('/')
        .map(percent_decoded)
        .collect::<Option<_>>()?;
    let segments = match segments.split_last() {
        Some((last, rest)) if last.is_empty() => rest,
        _ => &segments,
    };
    let mut found = Found {
        routes: Vec::new(),
        names: Vec::new(),
    };
    for route in ROUTES {
        if let Some(names) = names_of(route.path, segments) {
            found.routes.push(route);
            found.names = names;
        }
    }
    (!found.routes.is_empty()).then_some(found)
}

fn names_of(template: &str, segments: &[String]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let parts: Vec<&str> = template.trim_matches('/').split('/').collect();
    if parts.len() != segments.len() {
        return None;
    }
    for (part, segment) in parts.iter().zip(segments) {
        if part.starts_with('{') {
            names.push(segment.clone());
        } else if part != segment {
            return None;
        }
    }
    names.iter().all(|name| !name.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_are_none_of_ours_lead_nowhere() {
        for path in [
            "",
            "taxii2/",
            "/",
            "//",
            "/taxii2//",
            "/taxii/",
            "/taxii2/other/",
            "/TAXII2/",
            "/taxii2/api/collections//objects/",
            "/taxii2/api/status/",
            "/taxii2/api/%zz/",
            "/taxii2/api/collections/a/b/",
            "/taxii2/api/collections/%ff/",
            "/taxii2/api/collections/a/objects/b/versions/c/",
            "/taxii2/../taxii2/",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_path_leads_to_its_endpoint_with_or_without_the_last_slash() {
        for route in ROUTES {
            let path = route.path.replace("{id}", "a%2Fb");
            let path = path.replace("{object-id}", "o").replace("{status-id}", "s");
            for path in [path.clone(), path.trim_end_matches('/').to_owned()] {
                let found = find(&path).expect("a path of the table");
                let endpoint = found.route(route.method).map(|route| route.endpoint);
                assert_eq!(endpoint, Some(route.endpoint));
                if path.contains("%2F") {
                    assert_eq!(found.names[0], "a/b");
                }
            }
        }
        let objects = find("/taxii2/api/collections/c/objects").unwrap();
        assert_eq!(objects.allow(), "GET, HEAD, POST, OPTIONS");
    }
}
