//! Reading a workbook, cell by cell, never more than the limits at a time.

use std::io::Cursor;
use std::panic::catch_unwind;

use calamine::{DataRef, ExcelDateTime, Reader, Xlsx, XlsxError};
use kerbside_core::form::xlsform::{SHEETS, Sheets};
use kerbside_core::form::{FormFaultCode, FormProblem};

use super::limits;

/// The sheets of a workbook as texts. Those that no form is read from are named and left empty.
pub fn open(bytes: &[u8]) -> Result<Sheets, FormProblem> {
    limits::check(bytes)?;
    // calamine counts rows with arithmetic that stops on numbers no spreadsheet has. Nothing of it outlives the call.
    catch_unwind(|| sheets(bytes)).unwrap_or_else(|_| {
        tracing::warn!("A workbook stopped its reader");
        Err(FormProblem::of_file(FormFaultCode::NotAWorkbook, ""))
    })
}

fn sheets(bytes: &[u8]) -> Result<Sheets, FormProblem> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|fault| of_file(&fault))?;
    let names = workbook.sheet_names();
    if limits::SHEETS < names.len() {
        return Err(FormProblem::of_file(FormFaultCode::TooLarge, "50 sheets"));
    }
    let mut room = Room { cells: limits::CELLS, text: limits::TEXT };
    let mut sheets = Vec::new();
    for name in names {
        let read = SHEETS.contains(&name.trim().to_lowercase().as_str());
        let rows = if read { rows(&mut workbook, &name, &mut room)? } else { Vec::new() };
        sheets.push((name, rows));
    }
    Ok(Sheets(sheets))
}

fn of_file(fault: &XlsxError) -> FormProblem {
    let locked = matches!(fault, XlsxError::Password);
    let code = if locked { FormFaultCode::Encrypted } else { FormFaultCode::NotAWorkbook };
    FormProblem::of_file(code, "")
}

/// What may still be read.
struct Room {
    cells: usize,
    text: usize,
}

fn rows(
    workbook: &mut Xlsx<Cursor<&[u8]>>,
    sheet: &str,
    room: &mut Room,
) -> Result<Vec<Vec<String>>, FormProblem> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut cells = match workbook.worksheet_cells_reader(sheet) {
        Ok(cells) => cells,
        // A chart on a sheet of its own has no rows.
        Err(XlsxError::NotAWorksheet(_)) => return Ok(rows),
        Err(fault) => return Err(of_file(&fault)),
    };
    let too_large = |what: &str| FormProblem {
        sheet: sheet.to_owned(),
        ..FormProblem::of_file(FormFaultCode::TooLarge, what)
    };
    while let Some(cell) = cells.next_cell().map_err(|fault| of_file(&fault))? {
        let text = text(cell.get_value());
        if text.is_empty() {
            continue;
        }
        let (row, column) = cell.get_position();
        if limits::ROWS <= row {
            return Err(too_large("25,000 rows"));
        }
        if limits::COLUMNS <= column {
            return Err(too_large("200 columns"));
        }
        let (row, column) = (as_place(row), as_place(column));
        if rows.len() <= row {
            rows.resize_with(row + 1, Vec::new);
        }
        let Some(line) = rows.get_mut(row) else { continue };
        let more = (column + 1).saturating_sub(line.len());
        room.cells = room.cells.checked_sub(more).ok_or_else(|| too_large("2,000,000 cells"))?;
        room.text = room.text.checked_sub(text.len()).ok_or_else(|| too_large("32 MiB"))?;
        if 0 < more {
            line.resize_with(column + 1, String::new);
        }
        if let Some(place) = line.get_mut(column) {
            *place = text;
        }
    }
    Ok(rows)
}

fn as_place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// What the cell shows, as far as a form cares: whole numbers without a point, days and times as ISO 8601 has them.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(yes) => if *yes { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::Int(number) => number.to_string(),
        // Fifteen digits are what a spreadsheet shows; more would be noise of the arithmetic.
        DataRef::Float(number) => rounded(*number).to_string(),
        DataRef::DateTime(moment) => moment_text(*moment),
        DataRef::Error(error) => error.to_string(),
    }
}

fn rounded(number: f64) -> f64 {
    format!("{number:.14e}").parse().unwrap_or(number)
}

fn moment_text(moment: ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    let serial = moment.as_f64();
    if (0.0..1.0).contains(&serial) {
        time
    } else if serial.fract() == 0.0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02}T{time}")
    }
}
