//! What a page from this server may do: the security headers of every answer.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

/// Browser features the app never asks for.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
     magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

/// The headers that go onto every answer.
#[derive(Clone, Debug)]
pub struct Policy(Vec<(HeaderName, HeaderValue)>);

impl Policy {
    /// The policy for a site with this `index.html`: its inline scripts run, no other inline script does.
    pub fn for_page(index_html: &str) -> Self {
        let hashes: String = inline_scripts(index_html)
            .map(|script| format!(" 'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(script))))
            .collect();
        let content = format!(
            "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self'; \
             img-src 'self' blob: data:; worker-src 'self' blob:; connect-src 'self'; frame-ancestors 'self'; \
             base-uri 'none'; object-src 'none'; form-action 'self'"
        );
        let content = HeaderValue::try_from(content).expect("base64 is ASCII");
        // No Cross-Origin-Embedder-Policy: a course page of another site may have to frame the app later.
        Self(vec![
            (header::CONTENT_SECURITY_POLICY, content),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS)),
            (
                HeaderName::from_static("cross-origin-opener-policy"),
                HeaderValue::from_static("same-origin"),
            ),
            (
                HeaderName::from_static("cross-origin-resource-policy"),
                HeaderValue::from_static("same-origin"),
            ),
        ])
    }

    /// Put the headers onto an answer.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            headers.insert(name.clone(), value.clone());
        }
    }
}

/// Contents of the `<script>` elements without `src`, as the browser hashes them.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    let mut rest = html;
    std::iter::from_fn(move || {
        loop {
            let start = find_ignore_case(rest, "<script")?;
            let (attributes, after) = rest[start + "<script".len()..].split_once('>')?;
            let end = find_ignore_case(after, "</script")?;
            rest = &after[end..];
            let has_source =
                attributes.split_ascii_whitespace().any(|attribute| attribute.starts_with("src="));
            if !has_source {
                return Some(&after[..end]);
            }
        }
    })
}

fn find_ignore_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes()
        .windows(needle.len())
        .position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_scripts_are_found_and_others_are_not() {
        let html = r#"<head><script src="/a.js" defer></script><SCRIPT type="module">
            init()</SCRIPT><script>theme()</script><style>p{}</style></head>"#;
        let scripts: Vec<_> = inline_scripts(html).map(str::trim).collect();
        assert_eq!(scripts, ["init()", "theme()"]);
    }

    #[test]
    fn the_hash_is_the_one_browsers_compute() {
        // Example of the Content Security Policy Level 3 recommendation, section 8.4.
        let Policy(headers) = Policy::for_page("<script>alert('Hello, world.');</script>");
        let expected = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='";
        assert!(headers[0].1.to_str().unwrap().contains(expected));
    }
}
