//! Where the journal is kept: IndexedDB, or memory when the browser refuses it.

use futures::{StreamExt, channel::mpsc};
use idb::{Database, DatabaseEvent, Error, Factory, KeyPath, ObjectStoreParams, TransactionMode};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};

use super::{Deed, Event, Progress, progress};

const DATABASE: &str = "sectio";
const EVENTS: &str = "events";

/// Where events go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// The store is being opened.
    Opening,
    /// Events survive the page.
    Kept,
    /// The browser refuses storage: events last as long as the page.
    InMemory,
}

/// The journal of this browser.
#[derive(Clone, Copy)]
pub struct Journal {
    events: RwSignal<Vec<Event>>,
    keeping: RwSignal<Keeping>,
    writer: StoredValue<mpsc::UnboundedSender<Order>, LocalStorage>,
}

enum Order {
    Append(Event),
    Erase,
}

/// The journal in the context.
pub fn use_journal() -> Journal {
    expect_context::<Journal>()
}

impl Journal {
    /// Open the journal; events from earlier visits appear as soon as they are read.
    pub fn open(name: Option<&'static str>) -> Self {
        let (writer, mut orders) = mpsc::unbounded();
        let journal = Self {
            events: RwSignal::new(Vec::new()),
            keeping: RwSignal::new(Keeping::Opening),
            writer: StoredValue::new_local(writer),
        };
        spawn_local(async move {
            let opened = match open(name.unwrap_or(DATABASE)).await {
                Ok(database) => read(&database).await.map(|events| (database, events)),
                Err(error) => Err(error),
            };
            let database = match opened {
                Ok((database, mut earlier)) => {
                    // What was done while the store was opening comes after what was read.
                    journal.events.update(|events| {
                        earlier.append(events);
                        *events = earlier;
                    });
                    journal.keeping.set(Keeping::Kept);
                    Some(database)
                }
                Err(error) => {
                    leptos::logging::warn!("the journal stays in memory: {error}");
                    journal.keeping.set(Keeping::InMemory);
                    None
                }
            };
            // One writer keeps the order.
            while let Some(order) = orders.next().await {
                let Some(database) = &database else { continue };
                let done = match order {
                    Order::Append(event) => append(database, &event).await,
                    Order::Erase => erase(database).await,
                };
                if let Err(error) = done {
                    leptos::logging::warn!("the journal was not written: {error}");
                    journal.keeping.set(Keeping::InMemory);
                }
            }
        });
        journal
    }

    /// Note what was done now.
    pub fn note(self, case: &str, deed: Deed) {
        let event = Event { seq: 0, time: js_sys::Date::now(), case: case.to_owned(), deed };
        self.events.update(|events| events.push(event.clone()));
        self.send(Order::Append(event));
    }

    /// Forget everything.
    pub fn erase(self) {
        self.events.set(Vec::new());
        self.send(Order::Erase);
    }

    fn send(self, order: Order) {
        // The receiving loop lives as long as the page.
        self.writer.with_value(|writer| {
            let _ = writer.unbounded_send(order);
        });
    }

    /// Where events go.
    pub fn keeping(self) -> Keeping {
        self.keeping.get()
    }

    /// Everything noted so far.
    pub fn with_events<T>(self, read: impl FnOnce(&[Event]) -> T) -> T {
        self.events.with(|events| read(events))
    }

    /// What follows from the events.
    pub fn progress(self) -> Memo<Progress> {
        Memo::new(move |_| self.events.with(|events| progress(events)))
    }

    /// The whole journal as JSON.
    pub fn export(self) -> String {
        self.events.with_untracked(|events| {
            let numbered: Vec<Event> = events
                .iter()
                .enumerate()
                .map(|(index, event)| Event { seq: index as u64 + 1, ..event.clone() })
                .collect();
            // Plain structs of strings and finite numbers always serialise.
            serde_json::to_string_pretty(&numbered).unwrap_or_default()
        })
    }
}

async fn open(name: &str) -> Result<Database, Error> {
    let mut request = Factory::new()?.open(name, Some(1))?;
    request.on_upgrade_needed(|event| {
        let mut params = ObjectStoreParams::new();
        params.auto_increment(true);
        params.key_path(Some(KeyPath::new_single("seq")));
        // A failure here fails the open request, which is reported.
        if let Ok(database) = event.database() {
            let _ = database.create_object_store(EVENTS, params);
        }
    });
    request.await
}

async fn read(database: &Database) -> Result<Vec<Event>, Error> {
    let transaction = database.transaction(&[EVENTS], TransactionMode::ReadOnly)?;
    let values = transaction.object_store(EVENTS)?.get_all(None, None)?.await?;
    // An event of a later version that this one cannot read is left alone, not an obstacle.
    Ok(values
        .iter()
        .filter_map(|value| js_sys::JSON::stringify(value).ok())
        .filter_map(|text| serde_json::from_str(&String::from(text)).ok())
        .collect())
}

async fn append(database: &Database, event: &Event) -> Result<(), Error> {
    let text = serde_json::to_string(event).unwrap_or_default();
    let value = js_sys::JSON::parse(&text).unwrap_or(JsValue::NULL);
    // The store numbers the events: two tabs never give the same number.
    let _ =
        js_sys::Reflect::delete_property(value.unchecked_ref::<js_sys::Object>(), &"seq".into());
    let transaction = database.transaction(&[EVENTS], TransactionMode::ReadWrite)?;
    transaction.object_store(EVENTS)?.add(&value, None)?.await?;
    transaction.commit()?.await?;
    Ok(())
}

async fn erase(database: &Database) -> Result<(), Error> {
    let transaction = database.transaction(&[EVENTS], TransactionMode::ReadWrite)?;
    transaction.object_store(EVENTS)?.clear()?.await?;
    transaction.commit()?.await?;
    Ok(())
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    async fn events_come_back_in_order_and_are_erased() {
        let database = open("sectio-test").await.unwrap();
        erase(&database).await.unwrap();
        for (time, step) in [(1.0, "turn"), (2.0, "hide")] {
            let deed = Deed::StepDone { step: step.into() };
            append(&database, &Event { seq: 0, time, case: "liver".into(), deed }).await.unwrap();
        }
        let events = read(&database).await.unwrap();
        assert_eq!(events.iter().map(|event| event.time).collect::<Vec<_>>(), [1.0, 2.0]);
        assert!(events[0].seq < events[1].seq);
        erase(&database).await.unwrap();
        assert!(read(&database).await.unwrap().is_empty());
    }
}
