//! Where the device is. A phone has a receiver; a desktop reads fixes from a file: sentences of a receiver on a cable
//! (NMEA 0183), or fixes written by a test. Where nothing is known it says nothing, and never latitude 0, longitude 0.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tauri::App;
#[cfg(mobile)]
use tauri::AppHandle;

use super::nmea;
#[cfg(mobile)]
use super::receiver::Receiver;

/// Where fixes come from.
#[derive(Debug)]
#[cfg_attr(mobile, expect(dead_code, reason = "a phone has no receiver on a cable"))]
pub enum Position {
    /// The last line of a file that something else writes to, as an answer's JSON.
    Script(PathBuf),
    #[cfg(mobile)]
    Phone(Receiver, AppHandle),
    /// The last whole fix among a receiver's sentences.
    Nmea(PathBuf),
    None,
}

impl Position {
    /// `KERBSIDE_POSITION=script:FILE` or `nmea:FILE`.
    #[cfg(desktop)]
    pub fn of(_: &App) -> Self {
        Self::named(&std::env::var("KERBSIDE_POSITION").unwrap_or_default())
    }

    #[cfg(mobile)]
    pub fn of(app: &App) -> Self {
        Self::Phone(Receiver::default(), app.handle().clone())
    }

    #[cfg(any(desktop, test))]
    fn named(wish: &str) -> Self {
        match wish.split_once(':') {
            Some(("script", file)) => Self::Script(file.into()),
            Some(("nmea", file)) => Self::Nmea(file.into()),
            _ => Self::None,
        }
    }

    /// The newest fix as an answer's JSON.
    pub fn newest(&self, wall_ms: i64) -> Result<Option<Value>> {
        let fix = match self {
            Self::Script(file) => scripted(file, wall_ms)?,
            Self::Nmea(file) => nmea::newest(&read(file)?, wall_ms),
            Self::None => None,
            #[cfg(mobile)]
            Self::Phone(receiver, app) => receiver.newest(app, wall_ms),
        };
        Ok(fix.filter(is_somewhere))
    }
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).context("Read the position file")
}

/// A script may leave the time of its fix to be the present.
fn scripted(file: &Path, wall_ms: i64) -> Result<Option<Value>> {
    let text = read(file)?;
    let Some(line) = text.lines().rev().find(|line| !line.trim().is_empty()) else { return Ok(None) };
    let mut fix: Value = serde_json::from_str(line).context("Read a scripted fix")?;
    if let Some(fix) = fix.as_object_mut() {
        fix.entry("fixed_at").or_insert_with(|| json!(nmea::instant(wall_ms)));
        fix.entry("source").or_insert_with(|| json!("mock"));
        fix.entry("altitude_m").or_insert(Value::Null);
        fix.entry("accuracy_m").or_insert(Value::Null);
    }
    Ok(Some(fix))
}

fn is_somewhere(fix: &Value) -> bool {
    let at = |name| fix.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    at("lat") != 0.0 || at("lon") != 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(contents: &str, source: fn(PathBuf) -> Position) -> Option<Value> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("fixes");
        std::fs::write(&file, contents).unwrap();
        source(file).newest(0).unwrap()
    }

    #[test]
    fn a_desktop_with_no_receiver_knows_no_place() {
        assert!(Position::named("").newest(0).unwrap().is_none());
    }

    #[test]
    fn the_last_line_of_a_script_is_where_the_device_is_now() {
        let fix = with(
            "{\"lat\":52.1,\"lon\":1.1}\n{\"lat\":52.6,\"lon\":1.29,\"accuracy_m\":6.0}\n",
            Position::Script,
        )
        .unwrap();
        assert_eq!(fix["lat"], 52.6);
        assert_eq!(fix["source"], "mock");
        assert_eq!(fix["fixed_at"], "1970-01-01T00:00:00Z");
    }

    #[test]
    fn latitude_nought_longitude_nought_is_no_place() {
        assert!(with("{\"lat\":0,\"lon\":0}\n", Position::Script).is_none());
    }
}
