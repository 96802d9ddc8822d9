//! The console is embedded from `ui/dist/console`; a build without the screens has an empty folder there.

fn main() -> std::io::Result<()> {
    let console = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/dist/console");
    std::fs::create_dir_all(&console)?;
    writeln_cargo("rerun-if-changed=../ui/dist/console")
}

fn writeln_cargo(instruction: &str) -> std::io::Result<()> {
    use std::io::Write;
    writeln!(std::io::stdout().lock(), "cargo::{instruction}")
}
