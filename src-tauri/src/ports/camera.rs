//! The page's viewfinder: which requests of the web view are granted, and a camera for machines that have none.

use std::path::{Path, PathBuf};

use anyhow::Result;
use tauri::webview::{PermissionKind, PermissionResponse};
use tauri::{App, Runtime, Webview};

/// The viewfinder may open the camera. The page asks for nothing else, and gets nothing else.
pub fn allow_camera<R: Runtime>(_: Webview<R>, wanted: PermissionKind) -> PermissionResponse {
    if wanted == PermissionKind::Camera { PermissionResponse::Allow } else { PermissionResponse::Deny }
}

/// Where the system's camera leaves what it takes. A phone gives each app a folder of its own for that; on a desktop, where
/// the pictures are the person's, there is none but one that is named.
#[derive(Debug)]
pub struct Pictures(Option<PathBuf>);

impl Pictures {
    pub fn of(app: &App) -> Result<Self> {
        Ok(Self(match std::env::var_os("KERBSIDE_PICTURES") {
            Some(folder) => Some(folder.into()),
            None => on_this_system(app)?,
        }))
    }

    pub fn folder(&self) -> Option<&Path> {
        self.0.as_deref()
    }
}

#[cfg(mobile)]
fn on_this_system(app: &App) -> Result<Option<PathBuf>> {
    use anyhow::Context;
    use tauri::Manager;

    app.path().picture_dir().map(Some).context("Find the pictures' folder")
}

#[cfg(not(mobile))]
#[expect(clippy::unnecessary_wraps, reason = "a phone may not know its folder")]
fn on_this_system(_: &App) -> Result<Option<PathBuf>> {
    Ok(None)
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
