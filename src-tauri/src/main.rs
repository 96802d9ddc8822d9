//! The desktop entry point. Phones enter through `kerbside_app::run` as well.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> anyhow::Result<()> {
    kerbside_app::run()
}
