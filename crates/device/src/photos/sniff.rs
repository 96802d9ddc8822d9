//! What a file that is no picture holds, told by its first bytes and by nothing that
//! its name says.

/// Where a mark stands, the mark, and what it means.
const MARKS: [(usize, &[u8], &str); 13] = [
    (0, b"%PDF-", "application/pdf"),
    (0, b"ID3", "audio/mpeg"),
    (0, &[0xff, 0xfb], "audio/mpeg"),
    (0, &[0xff, 0xf1], "audio/aac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"#!AMR", "audio/amr"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp3g", "video/3gpp"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, &[0x1a, 0x45, 0xdf, 0xa3], "video/webm"),
];

#[must_use]
pub fn media_type(bytes: &[u8]) -> &'static str {
    let has =
        |(at, mark, _): &&(usize, &[u8], &str)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark));
    MARKS.iter().find(has).map_or("application/octet-stream", |(_, _, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_say() {
        assert_eq!(media_type(b"%PDF-1.7 ..."), "application/pdf");
        assert_eq!(media_type(b"RIFF\0\0\0\0WAVEfmt "), "audio/wav");
        assert_eq!(media_type(b"\0\0\0\x20ftypM4A "), "audio/mp4");
        assert_eq!(media_type(b"\0\0\0\x20ftypisom"), "video/mp4");
        assert_eq!(media_type(b"<html>"), "application/octet-stream");
        assert_eq!(media_type(b""), "application/octet-stream");
    }
}
