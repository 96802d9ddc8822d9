//! Workbooks as files: the bytes of an .xlsx to the texts of its sheets, and back.
//!
//! A workbook is somebody else's file: its size is looked at before anything is inflated, and nothing in it may
//! stop the server. What the texts mean is `kerbside_core::form::xlsform`'s to say.

mod build;
mod limits;
mod open;

pub use build::build;
pub use open::open;

#[cfg(test)]
mod tests;
