//! TAXII as a [`Site`]: the protocol is `noroshi-taxii`'s, its sockets are [`crate::web`]'s.

use std::io::Read;

use noroshi_taxii::{Problem, Response, Taxii};

use crate::web::{Answer, Request, Site};

impl Site for Taxii {
    fn body_bytes_max(&self) -> u64 {
        self.about().body_bytes_max
    }

    fn answer(&self, request: &Request, body: &mut dyn Read) -> Answer {
        let header = |name: &str| request.header(name);
        let (accept, content_type) = (header("accept"), header("content-type"));
        let (authorization, if_none_match) = (header("authorization"), header("if-none-match"));
        let length = header("content-length").and_then(|text| text.parse().ok());
        let request = noroshi_taxii::Request {
            method: &request.method,
            path: &request.path,
            query: &request.query,
            accept: accept.as_deref(),
            content_type: content_type.as_deref(),
            authorization: authorization.as_deref(),
            if_none_match: if_none_match.as_deref(),
            content_length: length,
            certificate: request.certificate.as_ref(),
        };
        Self::answer(self, &request, body).into()
    }

    fn busy(&self) -> Answer {
        Problem::busy().response().into()
    }

    fn failed(&self) -> Answer {
        Problem::internal().response().into()
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self {
            status: response.status,
            headers: response.headers,
            body: response.body,
            length: response.length,
        }
    }
}
