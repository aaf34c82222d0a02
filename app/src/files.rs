//! Files that leave the app: addresses of bytes in this page, and saving them.

use js_sys::{Array, Uint8Array};
use leptos::prelude::document;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

/// Address of some bytes in this page, until it is revoked.
pub fn object_url(bytes: &Uint8Array, kind: &str) -> Option<String> {
    address(&Array::of1(bytes), kind)
}

fn address(parts: &JsValue, kind: &str) -> Option<String> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let blob = Blob::new_with_u8_array_sequence_and_options(parts, &options).ok()?;
    Url::create_object_url_with_blob(&blob).ok()
}

/// Let the browser save bytes as a file.
pub fn save(name: &str, bytes: &Uint8Array, kind: &str) {
    save_from(name, object_url(bytes, kind));
}

/// Let the browser save a text as a file.
pub fn save_text(name: &str, text: &str, kind: &str) {
    save_from(name, address(&Array::of1(&JsValue::from_str(text)), kind));
}

fn save_from(name: &str, url: Option<String>) {
    let Some(url) = url else { return };
    if let Ok(link) = document().create_element("a") {
        let link: HtmlAnchorElement = link.unchecked_into();
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    // The download has its own reference by now.
    let _ = Url::revoke_object_url(&url);
}
