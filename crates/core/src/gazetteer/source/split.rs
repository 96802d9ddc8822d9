//! One line of comma-separated values into its fields. These formats break no line inside quotes, so a quotation mark that
//! is never closed spoils its own line and nothing after it.

use csv_core::{ReadRecordResult, Reader};

use super::Reason;

/// The longest line that is read.
pub const LINE_LIMIT: usize = 64 * 1024;
const FIELD_LIMIT: usize = 128;

pub(super) struct Splitter {
    reader: Reader,
    out: Vec<u8>,
}

impl Default for Splitter {
    fn default() -> Self {
        // Its own default has no rules built in.
        Self { reader: Reader::new(), out: Vec::new() }
    }
}

impl std::fmt::Debug for Splitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Splitter")
    }
}

impl Splitter {
    pub(super) fn split(&mut self, line: &[u8]) -> Result<Vec<String>, Reason> {
        if LINE_LIMIT < line.len() {
            return Err("the line is too long".into());
        }
        if !has_sound_quotes(line) {
            return Err("a quotation mark is out of place".into());
        }
        self.reader.reset();
        self.out.resize(line.len() + 1, 0);
        let mut ends = [0; FIELD_LIMIT];
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let mut line = bare.strip_suffix(b"\r").unwrap_or(bare).to_vec();
        line.push(b'\n');
        match self.reader.read_record(&line, &mut self.out, &mut ends) {
            (ReadRecordResult::Record, taken, _, fields) if taken == line.len() => {
                Ok(self.fields(&ends, fields))
            }
            (ReadRecordResult::OutputEndsFull, ..) => Err("the line has too many fields".into()),
            (
                ReadRecordResult::Record
                | ReadRecordResult::InputEmpty
                | ReadRecordResult::End
                | ReadRecordResult::OutputFull,
                ..,
            ) => Err("the line is no row of a table".into()),
        }
    }

    fn fields(&self, ends: &[usize], fields: usize) -> Vec<String> {
        let mut from = 0;
        let ends = ends.get(..fields).unwrap_or_default();
        ends.iter()
            .map(|end| text(self.out.get(std::mem::replace(&mut from, *end)..*end).unwrap_or_default()))
            .collect()
    }
}

/// A reader makes the best of a quotation mark that stands wrong, and swallows the fields after it. We would rather know.
fn has_sound_quotes(line: &[u8]) -> bool {
    #[derive(PartialEq)]
    enum At {
        Start,
        Bare,
        Quoted,
        Quote,
    }
    let mut at = At::Start;
    for byte in line {
        at = match (at, byte) {
            (At::Start, b'"') | (At::Quote, b'"') => At::Quoted,
            (At::Quoted, b'"') => At::Quote,
            (At::Quoted, _) => At::Quoted,
            (At::Bare, b'"') => return false,
            (At::Start | At::Bare | At::Quote, b',') => At::Start,
            (At::Quote, b'\r' | b'\n') => At::Quote,
            (At::Quote, _) => return false,
            (At::Start | At::Bare, _) => At::Bare,
        };
    }
    at != At::Quoted
}

/// Older exports are not UTF-8: each of their bytes is a letter.
fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes)
        .map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned)
}
