//! The page's viewfinder: which requests of the web view are granted, and a camera for machines that have none.

use anyhow::Result;
use tauri::webview::{PermissionKind, PermissionResponse};
use tauri::{App, Runtime, Webview};

/// The viewfinder may open the camera. The page asks for nothing else, and gets nothing else.
pub fn allow_camera<R: Runtime>(_: Webview<R>, wanted: PermissionKind) -> PermissionResponse {
    if wanted == PermissionKind::Camera { PermissionResponse::Allow } else { PermissionResponse::Deny }
}

/// Gives a test on a machine without a camera WebKit's own make-believe one. Debug builds only: what ships shows only what
/// a lens saw.
#[cfg(all(debug_assertions, target_os = "linux"))]
pub fn mock_camera(app: &App) -> Result<()> {
    use anyhow::Context;
    use tauri::Manager;
    use webkit2gtk::{SettingsExt, WebViewExt};

    if std::env::var_os("KERBSIDE_MOCK_CAMERA").is_none_or(|wish| wish != "1") {
        return Ok(());
    }
    let window = app.get_webview_window("main").context("Find the window")?;
    window
        .with_webview(|view| {
            if let Some(settings) = view.inner().settings() {
                settings.set_enable_mock_capture_devices(true);
            }
        })
        .context("Reach the web view")
}

#[cfg(not(all(debug_assertions, target_os = "linux")))]
pub fn mock_camera(_: &App) -> Result<()> {
    Ok(())
}
