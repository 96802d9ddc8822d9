//! Writing a workbook that a designer can go on working in.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use kerbside_core::form::xlsform::Sheets;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Note, Workbook, Worksheet};

/// In the order in which a note says things.
const WORDS: [&str; 2] =
    [include_str!("../../../schemas/words/en.json"), include_str!("../../../schemas/words/cy.json")];
type Words = BTreeMap<String, String>;

const NARROWEST: usize = 12;
const WIDEST: usize = 48;

/// The bytes of an .xlsx. The same sheets always make the same bytes.
pub fn build(sheets: &Sheets) -> Result<Vec<u8>> {
    let words = WORDS.map(serde_json::from_str::<Words>).into_iter().collect::<Result<Vec<_>, _>>();
    let words = words.context("Reading the words")?;
    let mut workbook = Workbook::new();
    let made = ExcelDateTime::from_ymd(2000, 1, 1).context("The day every workbook is from")?;
    workbook.set_properties(&DocProperties::new().set_author("Kerbside").set_creation_datetime(&made));
    for (name, rows) in &sheets.0 {
        fill(workbook.add_worksheet(), name, rows, &words).with_context(|| format!("Sheet {name}"))?;
    }
    workbook.save_to_buffer().context("Writing a workbook")
}

fn fill(sheet: &mut Worksheet, name: &str, rows: &[Vec<String>], words: &[Words]) -> Result<()> {
    let heading = Format::new().set_bold();
    let cell = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    sheet.set_name(name)?;
    sheet.set_freeze_panes(1, 0)?;
    for (number, row) in (0_u32..).zip(rows) {
        for (column, text) in (0_u16..).zip(row).filter(|(_, text)| !text.is_empty()) {
            let format = if number == 0 { &heading } else { &cell };
            sheet.write_string_with_format(number, column, text, format)?;
        }
    }
    for (column, text) in (0_u16..).zip(rows.first().into_iter().flatten()) {
        let at = usize::from(column);
        let longest = rows.iter().filter_map(|row| row.get(at)).map(|text| text.chars().count()).max();
        let width = u16::try_from(longest.unwrap_or(0).clamp(NARROWEST, WIDEST)).unwrap_or(u16::MAX);
        sheet.set_column_width(column, width)?;
        if let Some(note) = about(name, text, words) {
            sheet.insert_note(0, column, &Note::new(note).set_author("Kerbside").add_author_prefix(false))?;
        }
    }
    Ok(())
}

/// What a heading that XLSForm does not have is for, in both languages.
fn about(sheet: &str, heading: &str, words: &[Words]) -> Option<String> {
    let (base, _) = heading.split_once("::").unwrap_or((heading, ""));
    let key = format!("workbook.{sheet}.{base}");
    let said: Option<Vec<&str>> = words.iter().map(|words| words.get(&key).map(String::as_str)).collect();
    said.map(|said| said.join("\n\n"))
}
