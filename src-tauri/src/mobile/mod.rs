//! What only a phone needs, all in one place. Its operating system enters here, not through `main`.

#[tauri::mobile_entry_point]
fn enter() {
    if let Err(failure) = crate::run() {
        tracing::error!("The app stopped: {failure:#}");
    }
}
