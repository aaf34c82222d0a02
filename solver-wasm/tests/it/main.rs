//! The solver against theory, differences, itself, and abuse.

#[cfg(not(target_arch = "wasm32"))]
mod abuse;
#[cfg(not(target_arch = "wasm32"))]
mod blade;
mod bleeding;
mod consistency;
mod contact;
mod determinism;
mod dynamics;
mod embedding;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(not(target_arch = "wasm32"))]
mod incision;
mod linear;
mod protocol;
#[cfg(not(target_arch = "wasm32"))]
mod robustness;
mod scenes;
mod theory;
#[cfg(not(target_arch = "wasm32"))]
mod warm;

// Where the solver runs in the app.
#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);
