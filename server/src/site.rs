//! Everything the server can answer with, laid out by path before the first request arrives.
//!
//! A request can reach nothing but the entries of one map, so no path can lead outside the bundle.

use std::collections::HashMap;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};

use crate::{
    asset::{Asset, Cache},
    bundle::Bundle,
    catalogue::Catalogue,
    policy::Policy,
};

/// Shown in place of the app by a program that was built without one.
const EMPTY_BUNDLE_PAGE: &str = include_str!("empty_bundle.html");

/// The answers, by path.
#[derive(Debug)]
pub struct Site {
    assets: HashMap<String, Asset>,
    /// Page of the app; also the answer to its own routes, which the browser resolves.
    page: Asset,
    /// Ids of the cases on offer.
    cases: Vec<String>,
    has_app: bool,
    policy: Policy,
}

impl Site {
    /// Lay out a bundle and the catalogue of its cases.
    pub fn new(mut bundle: Bundle, catalogue: Catalogue) -> Self {
        let index_html = bundle.remove("app/index.html");
        let has_app = index_html.is_some();
        let index_html =
            index_html.unwrap_or_else(|| Bytes::from_static(EMPTY_BUNDLE_PAGE.as_bytes()));
        let policy = Policy::for_page(&String::from_utf8_lossy(&index_html));
        let mut assets: HashMap<String, Asset> = catalogue.assets;
        for (name, bytes) in bundle {
            if let Some(name) = name.strip_prefix("app/") {
                let cache =
                    if has_content_hash(name) { Cache::Immutable } else { Cache::Revalidate };
                assets.insert(format!("/{name}"), Asset::new(name, bytes, cache));
            }
        }
        let page = Asset::new("index.html", index_html, Cache::Revalidate);
        Self { assets, page, cases: catalogue.cases, has_app, policy }
    }

    /// The security headers of this site.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Number of cases on offer.
    pub fn case_count(&self) -> usize {
        self.cases.len()
    }

    /// Make the better compressed variants; takes seconds.
    pub fn compress_further(&self) {
        self.page.compress_further();
        self.assets.values().for_each(Asset::compress_further);
    }

    /// The answer to a GET of `path`.
    pub fn respond(&self, path: &str, request: &HeaderMap) -> Response {
        if let Some(asset) = self.assets.get(path) {
            return asset.respond(request);
        }
        if !self.has_app && self.is_page(path) {
            return self.page_with(StatusCode::SERVICE_UNAVAILABLE);
        }
        if self.is_page(path) {
            return self.page.respond(request);
        }
        // A mistyped page gets the app, which says so; a missing file gets one line.
        let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
        if is_file || !self.has_app { not_found() } else { self.page_with(StatusCode::NOT_FOUND) }
    }

    /// Is `path` one of the app's own routes?
    fn is_page(&self, path: &str) -> bool {
        match path {
            "/" | "/index.html" | "/about" | "/trust" | "/data" => true,
            // A person's own case is in the browser that asks for its page, and only there.
            _ => path.strip_prefix("/case/").is_some_and(|id| {
                id.starts_with("own-") || self.cases.iter().any(|known| known == id)
            }),
        }
    }

    /// The page under another status than 200: never conditional, never kept.
    fn page_with(&self, status: StatusCode) -> Response {
        let mut response = self.page.respond(&HeaderMap::new());
        *response.status_mut() = status;
        response.headers_mut().remove(header::ETAG);
        response
    }
}

/// The answer for what does not exist.
pub fn not_found() -> Response {
    let mut response = Response::new(Body::from("Not found.\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Does the name end in a content hash, as Trunk writes it: `app-1a2b3c4d5e6f7a8b_bg.wasm`?
fn has_content_hash(name: &str) -> bool {
    let is_hash = |part: &str| {
        part.len() >= 12 && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let file = name.rsplit('/').next().unwrap_or(name);
    file.split(['.', '_']).filter_map(|part| part.rsplit_once('-')).any(|(_, hash)| is_hash(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_content_hash_are_kept_forever() {
        for name in
            ["app-0f1e2d3c4b5a6978.js", "app-0f1e2d3c4b5a6978_bg.wasm", "x/a-0123456789abcdef.css"]
        {
            assert!(has_content_hash(name), "{name}");
        }
        for name in
            ["sw.js", "worker.js", "worker_bg.wasm", "apple-touch-icon.png", "a-deadbeef.js"]
        {
            assert!(!has_content_hash(name), "{name}");
        }
    }
}
