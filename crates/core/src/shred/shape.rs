//! What an item is made of: its shape, as tokens, and its leaves.

use minicbor::decode::Error;

use super::column::Kind;
use crate::cbor;

/// Bytes shorter than this are not looked into.
const EMBEDDED_LEAST: usize = 40;

const BYTES: u8 = 0;
const NUMBER: u8 = 1;
const BLOB: u8 = 2;
const TEXT: u8 = 3;
const LIST: u8 = 4;
const OPEN: u8 = 5;
const CLOSE: u8 = 6;

/// One number, run of bytes or text of an item.
#[derive(Debug, Clone, Copy)]
pub enum Leaf<'a> {
    Number(i128),
    Run(&'a [u8]),
}

/// The tokens of an item, as they are written.
#[derive(Debug, Default)]
pub struct Shape {
    bytes: Vec<u8>,
    leaves: Vec<Kind>,
    /// Token kind, and for plain bytes where they lie.
    tokens: Vec<(u8, std::ops::Range<usize>)>,
}

/// One token.
#[derive(Debug)]
pub enum Token<'s> {
    /// Heads and keys, as they stand in the item.
    Bytes(&'s [u8]),
    Leaf,
    /// An array whose elements are items of their own: the leaf is its length.
    List,
    /// From here to the next `Close` it is the contents of a byte string.
    Open,
    Close,
}

impl Shape {
    pub fn leaves(&self) -> &[Kind] {
        &self.leaves
    }

    pub fn tokens(&self) -> impl Iterator<Item = Token<'_>> {
        self.tokens.iter().map(|(kind, range)| match *kind {
            BYTES => Token::Bytes(self.bytes.get(range.clone()).unwrap_or_default()),
            LIST => Token::List,
            OPEN => Token::Open,
            CLOSE => Token::Close,
            _ => Token::Leaf,
        })
    }

    /// A shape as it was written by whoever laid the items out.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut shape = Self { bytes: bytes.to_vec(), ..Self::default() };
        let mut at = 0;
        while let Some(token) = bytes.get(at) {
            at += 1;
            let mut range = at..at;
            match *token {
                BYTES => {
                    let length = bytes.get(at).ok_or_else(Error::end_of_input)?;
                    range = at + 1..at + 1 + usize::from(*length);
                    at = range.end;
                    if bytes.len() < at {
                        return Err(Error::end_of_input());
                    }
                }
                NUMBER | LIST => shape.leaves.push(Kind::Number),
                BLOB => shape.leaves.push(Kind::Blob),
                TEXT => shape.leaves.push(Kind::Text),
                OPEN | CLOSE => {}
                _ => return Err(Error::message("a shape of a newer kind")),
            }
            shape.tokens.push((*token, range));
        }
        Ok(shape)
    }
}

/// An item in parts.
#[derive(Debug, Default)]
pub struct Parts<'a> {
    /// Its shape as tokens.
    pub shape: Vec<u8>,
    pub leaves: Vec<Leaf<'a>>,
    /// The elements of its lists, in order: items of their own.
    pub elements: Vec<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// Takes another item apart in the same memory. Nothing where the bytes are not one canonical item.
    pub fn take_apart(&mut self, item: &'a [u8]) -> Option<()> {
        self.shape.clear();
        self.leaves.clear();
        self.elements.clear();
        let end = self.walk(item, 0, 0, false)?;
        (end == item.len()).then_some(())
    }

    fn walk(&mut self, bytes: &'a [u8], start: usize, depth: usize, is_name: bool) -> Option<usize> {
        if cbor::DEPTH_LIMIT < depth {
            return None;
        }
        let initial = *bytes.get(start)?;
        let (argument, after) = cbor::argument(bytes, start, initial & 0x1f).ok()?;
        match initial >> 5 {
            0 => self.leaf(NUMBER, Leaf::Number(i128::from(argument)), after),
            1 => self.leaf(NUMBER, Leaf::Number(-1 - i128::from(argument)), after),
            2 => {
                let end = after.checked_add(usize::try_from(argument).ok()?)?;
                let run = bytes.get(after..end)?;
                if EMBEDDED_LEAST <= run.len() && run.first()? >> 5 == 5 && cbor::check_canonical(run).is_ok()
                {
                    self.shape.push(OPEN);
                    self.walk(run, 0, depth + 1, false)?;
                    self.shape.push(CLOSE);
                    return Some(end);
                }
                self.leaf(BLOB, Leaf::Run(run), end)
            }
            3 => {
                let end = after.checked_add(usize::try_from(argument).ok()?)?;
                if is_name {
                    self.plain(bytes.get(start..end)?);
                    return Some(end);
                }
                self.leaf(TEXT, Leaf::Run(bytes.get(after..end)?), end)
            }
            4 => self.array(bytes, (start, after), argument, depth),
            5 => {
                self.plain(bytes.get(start..after)?);
                let mut at = after;
                for _ in 0..argument {
                    let key_end = cbor::item_end(bytes, at).ok()?;
                    let key = bytes.get(at..key_end)?;
                    self.plain(key);
                    at = self.walk(bytes, key_end, depth + 1, key == [0])?;
                }
                Some(at)
            }
            _ => {
                self.plain(bytes.get(start..after)?);
                Some(after)
            }
        }
    }

    fn array(
        &mut self,
        bytes: &'a [u8],
        (start, after): (usize, usize),
        length: u64,
        depth: usize,
    ) -> Option<usize> {
        let mut ends = after;
        let first = self.elements.len();
        for _ in 0..length {
            if bytes.get(ends)? >> 5 != 4 {
                break;
            }
            let end = cbor::item_end(bytes, ends).ok()?;
            self.elements.push(bytes.get(ends..end)?);
            ends = end;
        }
        if 0 < length && self.elements.len() - first == usize::try_from(length).ok()? {
            return self.leaf(LIST, Leaf::Number(i128::from(length)), ends);
        }
        self.elements.truncate(first);
        self.plain(bytes.get(start..after)?);
        (0..length).try_fold(after, |at, _| self.walk(bytes, at, depth + 1, false))
    }

    fn leaf(&mut self, token: u8, leaf: Leaf<'a>, end: usize) -> Option<usize> {
        self.shape.push(token);
        self.leaves.push(leaf);
        Some(end)
    }

    fn plain(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(255) {
            self.shape.push(BYTES);
            self.shape.push(u8::try_from(piece.len()).unwrap_or(u8::MAX));
            self.shape.extend_from_slice(piece);
        }
    }
}

/// The head of an item, as short as it can be.
pub fn put_head(major: u8, argument: u64, out: &mut Vec<u8>) {
    let bytes = argument.to_be_bytes();
    let (low, skip) = match argument {
        0..24 => (u8::try_from(argument).unwrap_or(0), 8),
        24..0x100 => (24, 7),
        0x100..0x1_0000 => (25, 6),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 0),
    };
    out.push(major << 5 | low);
    out.extend(bytes.iter().skip(skip));
}
