//! Where own cases are kept: a database of its own in IndexedDB, so that it never waits for the journal's nor the journal for it.

use idb::{Database, DatabaseEvent, Error, Factory, ObjectStoreParams, Query, TransactionMode};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use super::OwnCase;

const DATABASE: &str = "sectio-own";
/// What is listed: JSON and picture by identifier.
const CASES: &str = "cases";
/// Bytes of the packs by identifier.
const PACKS: &str = "packs";

/// Why a case is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The browser has no more room for this site.
    #[error("no room: {0}")]
    Full(String),
    /// The browser refuses storage.
    #[error("no storage: {0}")]
    Refused(String),
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match text.contains("Quota") {
            true => Self::Full(text),
            false => Self::Refused(text),
        }
    }
}

/// The database.
pub struct Store;

impl Store {
    /// Every case with its picture (PNG), oldest first.
    ///
    /// # Errors
    /// The browser refuses storage.
    pub async fn list() -> Result<Vec<(OwnCase, Uint8Array)>, StoreError> {
        let database = open().await?;
        let transaction = database.transaction(&[CASES], TransactionMode::ReadOnly)?;
        let values = transaction.object_store(CASES)?.get_all(None, None)?.await?;
        database.close();
        // A case of a later version that this one cannot read is left alone, not an obstacle.
        let mut cases: Vec<(OwnCase, Uint8Array)> = values
            .into_iter()
            .filter_map(|value| {
                let pair: Array = value.dyn_into().ok()?;
                let case = serde_json::from_str(&pair.get(0).as_string()?).ok()?;
                Some((case, pair.get(1).dyn_into().ok()?))
            })
            .collect();
        cases.sort_by(|(a, _), (b, _)| a.added.total_cmp(&b.added));
        Ok(cases)
    }

    /// One case.
    ///
    /// # Errors
    /// The browser refuses storage.
    pub async fn case(id: &str) -> Result<Option<OwnCase>, StoreError> {
        let cases = Self::list().await?;
        Ok(cases.into_iter().map(|(case, _)| case).find(|case| case.id() == id))
    }

    /// Bytes of a pack; none if it is not kept.
    ///
    /// # Errors
    /// The browser refuses storage.
    pub async fn pack(id: &str) -> Result<Option<Uint8Array>, StoreError> {
        let database = open().await?;
        let transaction = database.transaction(&[PACKS], TransactionMode::ReadOnly)?;
        let value = transaction.object_store(PACKS)?.get(JsValue::from_str(id))?.await?;
        database.close();
        Ok(value.and_then(|value| value.dyn_into().ok()))
    }

    /// Keep a case, whole or not at all.
    ///
    /// # Errors
    /// No room, or no storage.
    pub async fn keep(
        case: &OwnCase,
        pack: &Uint8Array,
        png: &Uint8Array,
    ) -> Result<(), StoreError> {
        let database = open().await?;
        let key = JsValue::from_str(case.id());
        // One transaction: when it fails, neither is there.
        let transaction = database.transaction(&[CASES, PACKS], TransactionMode::ReadWrite)?;
        transaction.object_store(PACKS)?.put(pack, Some(&key))?.await?;
        transaction.object_store(CASES)?.put(&listed(case, png), Some(&key))?.await?;
        let kept = transaction.commit()?.await?;
        database.close();
        match kept.is_committed() {
            true => Ok(()),
            false => Err(StoreError::Full("the transaction was aborted".into())),
        }
    }

    /// Keep the title of a case that is there.
    ///
    /// # Errors
    /// No room, or no storage.
    pub async fn rename(case: &OwnCase) -> Result<(), StoreError> {
        let database = open().await?;
        let key = JsValue::from_str(case.id());
        let transaction = database.transaction(&[CASES], TransactionMode::ReadWrite)?;
        let store = transaction.object_store(CASES)?;
        if let Some(value) = store.get(key.clone())?.await?
            && let Ok(pair) = value.dyn_into::<Array>()
        {
            let png: Uint8Array = pair.get(1).unchecked_into();
            store.put(&listed(case, &png), Some(&key))?.await?;
        }
        transaction.commit()?.await?;
        database.close();
        Ok(())
    }

    /// Delete a case.
    ///
    /// # Errors
    /// The browser refuses storage.
    pub async fn delete(id: &str) -> Result<(), StoreError> {
        let database = open().await?;
        let transaction = database.transaction(&[CASES, PACKS], TransactionMode::ReadWrite)?;
        for store in [CASES, PACKS] {
            let key = Query::from(JsValue::from_str(id));
            transaction.object_store(store)?.delete(key)?.await?;
        }
        transaction.commit()?.await?;
        database.close();
        Ok(())
    }

    /// Delete all of them.
    ///
    /// # Errors
    /// The browser refuses storage.
    pub async fn erase() -> Result<(), StoreError> {
        let database = open().await?;
        let transaction = database.transaction(&[CASES, PACKS], TransactionMode::ReadWrite)?;
        for store in [CASES, PACKS] {
            transaction.object_store(store)?.clear()?.await?;
        }
        transaction.commit()?.await?;
        database.close();
        Ok(())
    }
}

fn listed(case: &OwnCase, png: &Uint8Array) -> JsValue {
    // Plain structs of strings and finite numbers always serialise.
    let text = serde_json::to_string(case).unwrap_or_default();
    Array::of2(&JsValue::from_str(&text), png).into()
}

async fn open() -> Result<Database, Error> {
    let mut request = Factory::new()?.open(DATABASE, Some(1))?;
    request.on_upgrade_needed(|event| {
        // A failure here fails the open request, which is reported.
        if let Ok(database) = event.database() {
            for store in [CASES, PACKS] {
                let _ = database.create_object_store(store, ObjectStoreParams::new());
            }
        }
    });
    request.await
}
