//! Structured logs: readable on a terminal, JSON with `SECTIO_LOG=json`. `RUST_LOG` chooses the level.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

/// Start logging to standard error. Call once.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    if std::env::var("SECTIO_LOG").is_ok_and(|format| format == "json") {
        builder.json().flatten_event(true).with_current_span(false).init();
    } else {
        builder.with_target(false).with_ansi(stderr().is_terminal()).init();
    }
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a task panicked")));
}
