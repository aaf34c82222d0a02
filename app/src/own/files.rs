//! The files that a person drops or chooses, folders unfolded.

use futures::future::LocalBoxFuture;
use js_sys::{Array, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DataTransfer, File, FileList, FileSystemDirectoryEntry, FileSystemEntry, FileSystemFileEntry,
};

/// Folders in folders that are looked into.
const DEEPEST: usize = 8;

/// A file with its name, folders included.
pub type Named = (String, File);

/// What was chosen with a file or folder button.
pub fn chosen(list: &FileList) -> Vec<Named> {
    (0..list.length())
        .filter_map(|at| list.get(at))
        .map(|file| {
            let path = js_sys::Reflect::get(&file, &"webkitRelativePath".into());
            let path = path.ok().and_then(|path| path.as_string()).unwrap_or_default();
            (if path.is_empty() { file.name() } else { path }, file)
        })
        .collect()
}

/// What was dropped. The entries are taken at once: after the event the browser has forgotten them.
pub fn dropped(transfer: &DataTransfer) -> impl Future<Output = Vec<Named>> + use<> {
    let items = transfer.items();
    let entries: Vec<FileSystemEntry> = (0..items.length())
        .filter_map(|at| items.get(at)?.webkit_get_as_entry().ok().flatten())
        .collect();
    let plain = transfer.files().map(|list| chosen(&list)).unwrap_or_default();
    async move {
        let mut files = Vec::new();
        for entry in entries {
            unfold(entry, 0, &mut files).await;
        }
        // Where a browser gives no entries, folders are not to be had, but files are.
        if files.is_empty() { plain } else { files }
    }
}

/// Add the files of an entry; what cannot be read is left out, and missed by whoever needs it.
fn unfold<'a>(
    entry: FileSystemEntry,
    depth: usize,
    files: &'a mut Vec<Named>,
) -> LocalBoxFuture<'a, ()> {
    Box::pin(async move {
        let name = entry.full_path().trim_start_matches('/').to_owned();
        if entry.is_file() {
            let entry: FileSystemFileEntry = entry.unchecked_into();
            let file = called(|done, failed| {
                entry.file_with_callback_and_callback(done, failed);
            });
            if let Ok(file) = file.await {
                files.push((name, file.unchecked_into()));
            }
            return;
        }
        if depth == DEEPEST {
            return;
        }
        let reader = entry.unchecked_into::<FileSystemDirectoryEntry>().create_reader();
        // A browser gives a hundred at a time, and none at the end.
        loop {
            let some = called(|done, failed| {
                // Refused only while another reading is under way.
                let _ = reader.read_entries_with_callback_and_callback(done, failed);
            });
            let Ok(some) = some.await.map(JsCast::unchecked_into::<Array>) else { return };
            if some.length() == 0 {
                return;
            }
            for inner in some.iter() {
                unfold(inner.unchecked_into(), depth + 1, files).await;
            }
        }
    })
}

/// Wait for one of two callbacks.
fn called(
    start: impl FnOnce(&js_sys::Function, &js_sys::Function),
) -> impl Future<Output = Result<JsValue, JsValue>> {
    let mut start = Some(start);
    let promise = Promise::new(&mut |done, failed| {
        if let Some(start) = start.take() {
            start(&done, &failed);
        }
    });
    JsFuture::from(promise)
}
