//! Comma-separated text (RFC 4180), as spreadsheets save it.

/// The rows of a text, or the line on which a quote was opened and never closed.
pub fn rows(text: &str) -> Result<Vec<Vec<String>>, u32> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut cell = String::new();
    let mut quoted_since = None;
    let mut line = 1;
    let mut letters = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\n' {
            line += 1;
        }
        match (quoted_since, letter) {
            (Some(_), '"') if letters.next_if_eq(&'"').is_some() => cell.push('"'),
            (Some(_), '"') => quoted_since = None,
            (Some(_), _) => cell.push(letter),
            (None, '"') if cell.is_empty() => quoted_since = Some(line),
            (None, ',') => row.push(std::mem::take(&mut cell)),
            (None, '\r') if letters.peek() == Some(&'\n') => {}
            (None, '\n') => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (None, _) => cell.push(letter),
        }
    }
    if let Some(line) = quoted_since {
        return Err(line);
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    Ok(rows)
}

pub fn text<'a>(rows: impl IntoIterator<Item = Vec<&'a str>>) -> String {
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.into_iter().map(cell).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn cell(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_commas_and_line_ends_are_read() {
        let read = rows("\u{feff}name,label\r\na,\"One, or \"\"more\"\"\"\nb,\"two\nlines\"\n,x").unwrap();
        assert_eq!(
            read,
            [vec!["name", "label"], vec!["a", "One, or \"more\""], vec!["b", "two\nlines"], vec!["", "x"]]
        );
        assert_eq!(rows("a,b\nc,\"d\ne"), Err(2));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(table in proptest::collection::vec(
            proptest::collection::vec("[a-z,\"\n\r é]{0,6}", 2..5), 1..5))
        {
            let written = text(table.iter().map(|row| row.iter().map(String::as_str).collect()));
            prop_assert_eq!(rows(&written), Ok(table));
        }

        #[test]
        fn no_text_is_too_much(text in "\\PC{0,80}") {
            drop(rows(&text));
        }
    }
}
