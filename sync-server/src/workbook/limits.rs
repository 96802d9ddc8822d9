//! What a file is, and whether it is small enough to be read.

use std::io::{Cursor, Read};

use kerbside_core::form::{FormFaultCode, FormProblem};
use zip::ZipArchive;
use zip::result::ZipError;

pub const FILE: usize = 8 * 1024 * 1024;
/// Of all entries together, inflated.
pub const INFLATED: u64 = 64 * 1024 * 1024;
pub const ENTRIES: usize = 2_000;
pub const SHEETS: usize = 50;
pub const ROWS: u32 = 25_000;
pub const COLUMNS: u32 = 200;
/// Of all sheets together, blanks among them counted: a few cells far apart must not fill the memory.
pub const CELLS: usize = 2_000_000;
/// Of all cells together, in bytes: many cells may share one long text.
pub const TEXT: usize = 32 * 1024 * 1024;

const ZIP: &[u8] = b"PK\x03\x04";
/// How Excel's files began until 2007, and how one with a password still does.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Lets through what is a workbook of today's kind and inflates to no more than the limit.
pub fn check(bytes: &[u8]) -> Result<(), FormProblem> {
    if FILE < bytes.len() {
        return Err(FormProblem::of_file(FormFaultCode::TooLarge, "8 MiB"));
    }
    if !bytes.starts_with(ZIP) {
        return Err(FormProblem::of_file(other_kind(bytes), ""));
    }
    let no_workbook = || FormProblem::of_file(FormFaultCode::NotAWorkbook, "");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| no_workbook())?;
    if archive.index_for_name("xl/workbook.xml").is_none() {
        return Err(if archive.index_for_name("content.xml").is_some() {
            FormProblem::of_file(FormFaultCode::OpenDocument, "")
        } else {
            no_workbook()
        });
    }
    let too_large = || FormProblem::of_file(FormFaultCode::TooLarge, "64 MiB");
    if ENTRIES < archive.len() || archive.decompressed_size().is_some_and(|size| u128::from(INFLATED) < size)
    {
        return Err(too_large());
    }
    // The directory may lie about the sizes, so they are counted too.
    let mut left = INFLATED;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|fault| {
            let locked = ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED).to_string();
            if fault.to_string() == locked {
                FormProblem::of_file(FormFaultCode::Encrypted, "")
            } else {
                no_workbook()
            }
        })?;
        let size =
            std::io::copy(&mut entry.take(left + 1), &mut std::io::sink()).map_err(|_| no_workbook())?;
        left = left.checked_sub(size).ok_or_else(too_large)?;
    }
    Ok(())
}

fn other_kind(bytes: &[u8]) -> FormFaultCode {
    if bytes.starts_with(COMPOUND) {
        let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let locked = bytes.windows(name.len()).any(|part| part == name);
        return if locked { FormFaultCode::Encrypted } else { FormFaultCode::OldWorkbook };
    }
    let is_table = std::str::from_utf8(bytes).is_ok_and(|text| text.contains(',') && !text.contains('\0'));
    if is_table { FormFaultCode::TableAlone } else { FormFaultCode::NotAWorkbook }
}
