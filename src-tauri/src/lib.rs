//! The app's shell: commands over the device, and ports to what only the machine has, camera and position. Nothing about
//! records is decided here.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]
#![cfg_attr(not(test), forbid(clippy::string_slice))]

mod commands;
mod desk;
mod failure;
#[cfg(mobile)]
mod mobile;
mod ports;
mod rounds;

use anyhow::{Context, Result};
use tauri::{App, Manager, RunEvent, WindowEvent};

use desk::Desk;
use ports::{Best, Pictures, Position, allow_camera, mock_camera};

/// Opens the window and stays until it is closed.
pub fn run() -> Result<()> {
    log_to_standard_error();
    let builder = tauri::Builder::default();
    #[cfg(mobile)]
    let builder = builder.plugin(tauri_plugin_geolocation::init());
    builder
        .on_permission_request(allow_camera)
        .setup(|app| Ok(open(app)?))
        .invoke_handler(tauri::generate_handler![
            commands::door::status,
            commands::door::enrol,
            commands::door::unlock,
            commands::door::unlock_online,
            commands::door::enrol_again,
            commands::door::lock,
            commands::drafts::start_draft,
            commands::drafts::edit_record,
            commands::drafts::open_draft,
            commands::drafts::answer,
            commands::drafts::choices,
            commands::addresses::search_addresses,
            commands::addresses::nearest_address,
            commands::addresses::choose_address,
            commands::drafts::draft_move,
            commands::drafts::move_draft,
            commands::drafts::discard_draft,
            commands::drafts::save_draft,
            commands::drafts::nearby,
            commands::maps::maps,
            commands::maps::map_bytes,
            commands::maps::around,
            commands::assets::assets_in_view,
            commands::assets::find_assets,
            commands::assets::asset,
            commands::assets::report_asset,
            commands::maps::maps_over_any_line,
            commands::photos::photograph,
            commands::photos::remove_photo,
            commands::photos::photo_bytes,
            commands::captures::camera_opens,
            commands::captures::camera_shut,
            commands::captures::orphans,
            commands::captures::orphan_picture,
            commands::captures::add_orphan,
            commands::captures::leave_out_orphan,
            commands::records::shift,
            commands::records::show_record,
            commands::records::resolve,
            commands::records::withdraw,
            commands::records::reopen,
            commands::records::outcomes_seen,
            commands::records::answer_again,
            commands::records::put_away,
            commands::records::put_away_notices,
            commands::records::write_note,
            commands::records::waiting,
            commands::records::try_now,
            commands::records::came_back,
            commands::records::position,
            commands::records::grid_reference,
            commands::records::areas_at,
            commands::thrift::data_use,
            commands::thrift::choose_photo_rules,
            commands::thrift::let_photos_go,
        ])
        .build(tauri::generate_context!())
        .context("Open the window")?
        .run(|app, event| {
            // Out of the pocket, or to the front again.
            if matches!(
                event,
                RunEvent::Resumed | RunEvent::WindowEvent { event: WindowEvent::Focused(true), .. }
            ) {
                rounds::came_back(app);
            }
        });
    Ok(())
}

fn open(app: &mut App) -> Result<()> {
    let folder = match std::env::var_os("KERBSIDE_VAULT") {
        Some(folder) => folder.into(),
        None => app.path().app_data_dir().context("Find the app's own folder")?,
    };
    let desk = Desk::at(folder);
    rounds::start(app.handle(), &desk)?;
    app.manage(desk);
    app.manage(Pictures::of(app)?);
    app.manage(Position::of(app));
    app.manage(Best::default());
    mock_camera(app)
}

/// Words for whoever looks after the device; never an answer, a name or a PIN.
fn log_to_standard_error() {
    let wanted = tracing_subscriber::EnvFilter::try_from_env("KERBSIDE_LOG_LEVEL")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,kerbside=info"));
    tracing_subscriber::fmt().with_env_filter(wanted).with_writer(std::io::stderr).init();
}
