//! The determinism test as a program, for WASM toolchains whose standard library comes without the test harness:
//! `cargo run -p solver-wasm --example digest --target wasm32-unknown-unknown`. Natively it is one of the tests in `it`.

#[path = "../tests/it/determinism.rs"]
mod determinism;
#[path = "../tests/it/scenes.rs"]
#[allow(dead_code)]
mod scenes;

fn main() {
    #[cfg(not(target_arch = "wasm32"))]
    determinism::check();
}
