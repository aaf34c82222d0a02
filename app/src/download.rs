//! The only HTTP: the index, a case's details, a pack with its progress.

use gloo::net::http::Request;
use js_sys::{Reflect, Uint8Array};
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, RequestCache};

/// Where the index lies.
pub const INDEX: &str = "/cases/index.json";

/// Why something did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DownloadError {
    /// No connection, and nothing kept.
    #[error("{url}: no connection")]
    Offline {
        /// What was asked for.
        url: String,
    },
    /// The server has no such thing.
    #[error("{url}: not found")]
    NotFound {
        /// What was asked for.
        url: String,
    },
    /// The server answered with an error.
    #[error("{url}: the server answered {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// The answer is not what it should be.
    #[error("{url}: {reason}")]
    Content {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Fetch JSON of a known shape.
///
/// # Errors
/// No connection, no such file, or another shape.
pub async fn json<T: DeserializeOwned>(url: &str) -> Result<T, DownloadError> {
    let bytes = bytes(url, false, |_| {}).await?;
    serde_json::from_slice(&bytes).map_err(|error| content(url, &error.to_string()))
}

/// Fetch bytes; `progress` gets the number of bytes that arrived so far. `anew` passes by every cache and mends it: what
/// was kept is damaged.
///
/// # Errors
/// No connection, no such file, or a connection that breaks on the way.
pub async fn bytes(
    url: &str,
    anew: bool,
    progress: impl Fn(u64),
) -> Result<Vec<u8>, DownloadError> {
    let cache = if anew { RequestCache::Reload } else { RequestCache::Default };
    let response = Request::get(url)
        .cache(cache)
        .send()
        .await
        .map_err(|_| DownloadError::Offline { url: url.into() })?;
    if response.status() == 404 {
        return Err(DownloadError::NotFound { url: url.into() });
    }
    if !response.ok() {
        return Err(DownloadError::Status { url: url.into(), status: response.status() });
    }
    let Some(stream) = response.body() else { return Ok(Vec::new()) };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut bytes = Vec::new();
    loop {
        let broken = |_: JsValue| DownloadError::Offline { url: url.into() };
        let chunk = JsFuture::from(reader.read()).await.map_err(broken)?;
        if Reflect::get(&chunk, &"done".into()).map_err(broken)?.is_truthy() {
            return Ok(bytes);
        }
        let value = Reflect::get(&chunk, &"value".into()).map_err(broken)?;
        let value: Uint8Array = value.unchecked_into();
        let start = bytes.len();
        bytes.resize(start + value.length() as usize, 0);
        value.copy_to(&mut bytes[start..]);
        progress(bytes.len() as u64);
    }
}

fn content(url: &str, reason: &str) -> DownloadError {
    DownloadError::Content { url: url.into(), reason: reason.into() }
}
