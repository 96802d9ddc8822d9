//! The app's shell: commands over the device, and ports to camera and position.

#[cfg_attr(mobile, tauri::mobile_entry_point)]
pub fn run() {}
