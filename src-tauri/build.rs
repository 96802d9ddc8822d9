//! Turns the access list on for our own commands, and keeps our SQLite to ourselves.

use std::io::Write;

/// Naming them here means that the web view may call only what a capability file allows. `lib.rs` and `native.ts` name
/// the same ones; a tidy test compares the three.
const COMMANDS: &[&str] = &[
    "status",
    "enrol",
    "unlock",
    "unlock_online",
    "enrol_again",
    "lock",
    "shift",
    "start_draft",
    "edit_record",
    "open_draft",
    "answer",
    "choices",
    "search_addresses",
    "nearest_address",
    "choose_address",
    "draft_move",
    "move_draft",
    "discard_draft",
    "maps",
    "map_bytes",
    "around",
    "assets_in_view",
    "find_assets",
    "asset",
    "report_asset",
    "maps_over_any_line",
    "photograph",
    "remove_photo",
    "photo_bytes",
    "camera_opens",
    "camera_shut",
    "orphans",
    "orphan_picture",
    "add_orphan",
    "leave_out_orphan",
    "save_draft",
    "nearby",
    "show_record",
    "resolve",
    "withdraw",
    "reopen",
    "outcomes_seen",
    "answer_again",
    "put_away",
    "put_away_notices",
    "write_note",
    "waiting",
    "try_now",
    "came_back",
    "position",
    "grid_reference",
    "areas_at",
    "data_use",
    "choose_photo_rules",
    "let_photos_go",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // SQLCipher is linked in statically, and WebKitGTK and libsoup use the system's SQLite. Without this the linker
    // exports ours from the executable, and both libraries' calls land in it.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        writeln!(std::io::stdout().lock(), "cargo::rustc-link-arg-bins=-Wl,--exclude-libs,ALL")?;
    }
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))?;
    Ok(())
}
