//! One file as HTTP gives it out: its encodings, its entity tags, how long it may be kept.

use std::{io::Write, sync::OnceLock};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use sha2::{Digest, Sha256};

/// How long a browser may use a file without asking again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// The name holds a hash of the content: forever.
    Immutable,
    /// Ask each time; an unchanged file costs a 304.
    Revalidate,
}

impl Cache {
    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Revalidate => "no-cache",
        })
    }
}

/// A content coding this server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Brotli,
}

impl Coding {
    /// The token of `Content-Encoding` and of the entity tag; none for the plain bytes.
    fn token(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }
}

/// A file that never changes while the server runs.
#[derive(Debug)]
pub struct Asset {
    plain: Bytes,
    gzip: Option<Bytes>,
    /// Made in the background after the start: it takes seconds at the quality that is worth it.
    brotli: OnceLock<Bytes>,
    tag: String,
    media_type: HeaderValue,
    cache: Cache,
}

impl Asset {
    /// The file called `name` with these bytes; text-like files are compressed here, once.
    pub fn new(name: &str, plain: Bytes, cache: Cache) -> Self {
        let (media_type, compressible) = media_type(name);
        let gzip = compressible.then(|| gzip(&plain)).filter(|gzip| gzip.len() < plain.len());
        let tag = hex(&Sha256::digest(&plain)[..8]);
        let media_type = HeaderValue::from_static(media_type);
        Self { plain, gzip: gzip.map(Bytes::from), brotli: OnceLock::new(), tag, media_type, cache }
    }

    /// Make the Brotli variant, for those who accept it from then on.
    pub fn compress_further(&self) {
        let Some(gzip) = &self.gzip else { return };
        let mut packed = Vec::new();
        // Quality 9 at a window of 4 MiB: 95 % of the gain of quality 11 in a tenth of its time.
        let mut writer = brotli::CompressorWriter::new(&mut packed, 1 << 16, 9, 22);
        let written = writer.write_all(&self.plain);
        drop(writer);
        if written.is_ok() && packed.len() < gzip.len() {
            let _ = self.brotli.set(packed.into());
        }
    }

    /// The answer to a GET with these headers: 200 or, for a known entity tag, 304.
    pub fn respond(&self, request: &HeaderMap) -> Response {
        let (coding, body) = self.negotiate(request);
        let tag = match coding.token() {
            None => format!("\"{}\"", self.tag),
            Some(token) => format!("\"{}-{token}\"", self.tag),
        };
        let known = known_tags(request).any(|known| known == "*" || known == tag);
        let mut response = Response::new(if known { Body::empty() } else { Body::from(body) });
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, self.cache.header());
        headers.insert(header::ETAG, HeaderValue::try_from(tag).expect("hexadecimal is ASCII"));
        if self.gzip.is_some() {
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        if !known {
            headers.insert(header::CONTENT_TYPE, self.media_type.clone());
            if let Some(token) = coding.token() {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(token));
            }
        }
        response
    }

    fn negotiate(&self, request: &HeaderMap) -> (Coding, Bytes) {
        if let Some(brotli) = self.brotli.get().filter(|_| accepts(request, "br")) {
            return (Coding::Brotli, brotli.clone());
        }
        match &self.gzip {
            Some(gzip) if accepts(request, "gzip") => (Coding::Gzip, gzip.clone()),
            _ => (Coding::Identity, self.plain.clone()),
        }
    }
}

/// Entity tags of `If-None-Match`, compared weakly as RFC 9110 asks.
fn known_tags(request: &HeaderMap) -> impl Iterator<Item = &str> {
    list(request, header::IF_NONE_MATCH).map(|tag| tag.strip_prefix("W/").unwrap_or(tag))
}

/// Does `Accept-Encoding` name this coding, with a weight above zero?
fn accepts(request: &HeaderMap, coding: &str) -> bool {
    list(request, header::ACCEPT_ENCODING).any(|item| {
        let (token, weight) = item.split_once(';').unwrap_or((item, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        token.trim().eq_ignore_ascii_case(coding) && weight.is_ok_and(|weight| weight > 0.0)
    })
}

/// Items of a comma-separated header.
fn list(request: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let values = request.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Media type by extension, and whether compressing pays.
fn media_type(name: &str) -> (&'static str, bool) {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "css" => ("text/css; charset=utf-8", true),
        "html" => ("text/html; charset=utf-8", true),
        "ico" => ("image/x-icon", false),
        "jpg" | "jpeg" => ("image/jpeg", false),
        "js" | "mjs" => ("text/javascript; charset=utf-8", true),
        "json" | "map" => ("application/json", true),
        "png" => ("image/png", false),
        "svg" => ("image/svg+xml", true),
        "txt" | "md" => ("text/plain; charset=utf-8", true),
        "wasm" => ("application/wasm", true),
        "webmanifest" => ("application/manifest+json", true),
        "webp" => ("image/webp", false),
        "woff2" => ("font/woff2", false),
        _ => ("application/octet-stream", false),
    }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(
        Vec::with_capacity(plain.len() / 2),
        flate2::Compression::best(),
    );
    encoder.write_all(plain).and_then(|()| encoder.finish()).expect("writing to memory cannot fail")
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn accept_encoding_is_read_with_its_weights() {
        let cases = [
            ("gzip", true),
            ("br;q=1.0, GZIP ; q=0.4", true),
            ("gzip;q=0", false),
            ("gzip;q=0.000, br", false),
            ("gzip;q=nonsense", false),
            ("identity", false),
            ("", false),
        ];
        for (value, expected) in cases {
            let accepted = accepts(&headers(header::ACCEPT_ENCODING, value), "gzip");
            assert_eq!(accepted, expected, "{value:?}");
        }
    }

    #[test]
    fn the_smaller_coding_wins_once_it_is_made() {
        let asset = Asset::new("a.js", "let a = 1;\n".repeat(400).into(), Cache::Revalidate);
        let request = headers(header::ACCEPT_ENCODING, "gzip, deflate, br");
        assert_eq!(asset.respond(&request).headers()[header::CONTENT_ENCODING], "gzip");
        asset.compress_further();
        assert_eq!(asset.respond(&request).headers()[header::CONTENT_ENCODING], "br");
    }
}
