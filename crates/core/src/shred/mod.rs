//! Lists of canonical CBOR items laid out by column, so that what is alike lies together and compresses.
//!
//! Lossless for any canonical items and blind to what they mean: changes keep the very bytes that were hashed. An item
//! is its shape (the heads of its arrays and maps, and the keys) and its leaves (numbers, bytes, texts). Items of one
//! shape share columns, one for each leaf. An array of arrays is a list whose elements are items of their own, bytes
//! that are themselves a canonical map are laid open, and the text under a map's key 0, which names a field, is part
//! of the shape: so each field of a form gets its own column.

mod column;
mod shape;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use minicbor::decode::Error;

use column::{Column, Source, put_count};
pub use shape::put_head;
use shape::{Leaf, Parts, Shape, Token};

use crate::cbor;

/// Up to this many different items are written once each and named by a byte.
const DICTIONARY_LIMIT: usize = 200;
/// A dictionary has to earn its keep.
const REPEATS: usize = 4;

/// Lays out items that are canonical already. Nothing where they are not.
#[must_use]
pub fn shred(items: &[&[u8]]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    if let Some(dictionary) = Dictionary::of(items) {
        out.push(0);
        dictionary.write(&mut out);
        return Some(out);
    }
    let (mut table, mut parts) = (Table::default(), Parts::default());
    for item in items {
        table.add(item, &mut parts)?;
    }
    out.push(1);
    table.write(items.len(), &mut out);
    Some(out)
}

/// The items again, each by itself. Fails where they would take more than `limit` bytes.
pub fn unshred(bytes: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, Error> {
    let mut items = Vec::new();
    read(bytes, limit, |item| items.push(item.to_vec()))?;
    Ok(items)
}

/// The items again, one after the other in one run of bytes.
pub fn unshred_joined(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let mut joined = Vec::new();
    read(bytes, limit, |item| joined.extend_from_slice(item))?;
    Ok(joined)
}

/// The items of a run of bytes.
pub fn split(bytes: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let mut items = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = cbor::item_end(bytes, at)?;
        items.push(bytes.get(at..end).ok_or_else(Error::end_of_input)?);
        at = end;
    }
    Ok(items)
}

fn read(bytes: &[u8], limit: usize, mut each: impl FnMut(&[u8])) -> Result<(), Error> {
    let mut source = Source::new(bytes, limit);
    match source.byte()? {
        0 => Dictionary::read(&mut source, each)?,
        1 => {
            let count = source.count()?;
            let (shapes, mut rows) = Table::read(&mut source)?;
            let mut item = Vec::new();
            for _ in 0..count {
                item.clear();
                rows.next(&shapes, &mut item, (0, limit))?;
                source.spend(item.len())?;
                each(&item);
            }
        }
        _ => return Err(Error::message("columns of a newer kind")),
    }
    source.finish()
}

/// Few different items, many times.
struct Dictionary<'a> {
    entries: Vec<&'a [u8]>,
    places: Vec<u8>,
}

impl<'a> Dictionary<'a> {
    fn of(items: &[&'a [u8]]) -> Option<Self> {
        let mut entries: Vec<&'a [u8]> = Vec::new();
        let mut places = Vec::with_capacity(items.len());
        let mut known: HashMap<&[u8], u8> = HashMap::new();
        // What followed an entry the last time mostly follows it again.
        let mut followers: Vec<u8> = Vec::new();
        let mut last = 0usize;
        for (at, item) in items.iter().enumerate() {
            let guess = followers.get(last).copied().unwrap_or(0);
            let is_right = entries.get(usize::from(guess)) == Some(item);
            let found = if is_right { Some(guess) } else { known.get(item).copied() };
            let place = match found {
                Some(place) => place,
                None => {
                    let place = u8::try_from(entries.len()).ok()?;
                    entries.push(item);
                    followers.push(place);
                    known.insert(item, place);
                    place
                }
            };
            if let Some(follower) = followers.get_mut(last) {
                *follower = place;
            }
            last = usize::from(place);
            if DICTIONARY_LIMIT < entries.len() || (at == 64 && 40 < entries.len()) {
                return None;
            }
            places.push(place);
        }
        (entries.len() * REPEATS <= items.len()).then_some(Self { entries, places })
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_count(out, self.places.len());
        put_count(out, self.entries.len());
        for entry in &self.entries {
            put_count(out, entry.len());
            out.extend_from_slice(entry);
        }
        if 1 < self.entries.len() {
            out.extend_from_slice(&self.places);
        }
    }

    fn read(source: &mut Source<'_>, mut each: impl FnMut(&[u8])) -> Result<(), Error> {
        let count = source.count()?;
        let entries: Vec<&[u8]> = (0..source.count()?).map(|_| source.run()).collect::<Result<_, _>>()?;
        let places = if entries.len() == 1 { None } else { Some(source.take(count)?) };
        for at in 0..count {
            let place = places.and_then(|places| places.get(at)).map_or(0, |place| usize::from(*place));
            let entry = entries.get(place).ok_or_else(|| Error::message("no such entry"))?;
            source.spend(entry.len())?;
            each(entry);
        }
        Ok(())
    }
}

/// Every shape met, with the leaves of each item that has it, one column a leaf.
#[derive(Default)]
struct Table<'a> {
    known: HashMap<Vec<u8>, usize>,
    shapes: Vec<(Vec<u8>, Vec<Vec<Leaf<'a>>>)>,
    /// The shape of every item, parents before their elements.
    order: Vec<i128>,
}

impl<'a> Table<'a> {
    fn add(&mut self, item: &'a [u8], parts: &mut Parts<'a>) -> Option<()> {
        parts.take_apart(item)?;
        let place = self.place(parts)?;
        self.order.push(i128::try_from(place).ok()?);
        let (_, columns) = self.shapes.get_mut(place)?;
        columns.iter_mut().zip(&parts.leaves).for_each(|(column, leaf)| column.push(*leaf));
        if parts.elements.is_empty() {
            return Some(());
        }
        std::mem::take(&mut parts.elements).into_iter().try_for_each(|element| self.add(element, parts))
    }

    /// Which shape an item has. Mostly that of the item before.
    fn place(&mut self, parts: &Parts<'a>) -> Option<usize> {
        let last = self.order.last().and_then(|last| usize::try_from(*last).ok()).unwrap_or(0);
        if self.shapes.get(last).is_some_and(|(shape, _)| *shape == parts.shape) {
            return Some(last);
        }
        if let Some(place) = self.known.get(&parts.shape) {
            return Some(*place);
        }
        self.known.insert(parts.shape.clone(), self.shapes.len());
        self.shapes.push((parts.shape.clone(), vec![Vec::new(); parts.leaves.len()]));
        Some(self.shapes.len() - 1)
    }

    fn write(&self, items: usize, out: &mut Vec<u8>) {
        put_count(out, items);
        put_count(out, self.shapes.len());
        for (shape, _) in &self.shapes {
            put_count(out, shape.len());
            out.extend_from_slice(shape);
        }
        put_count(out, self.order.len());
        column::write_numbers(&self.order, out);
        for (shape, columns) in &self.shapes {
            let shape = Shape::read(shape).unwrap_or_default();
            for (kind, column) in shape.leaves().iter().zip(columns) {
                column::write(*kind, column, out);
            }
        }
    }

    fn read<'b>(source: &mut Source<'b>) -> Result<(Vec<Shape>, Rows<'b>), Error> {
        let shapes: Vec<Shape> =
            (0..source.count()?).map(|_| Shape::read(source.run()?)).collect::<Result<_, Error>>()?;
        let total = source.count()?;
        let order = column::read_numbers(source, total)?;
        let mut uses = vec![0usize; shapes.len()];
        for place in &order {
            let place = usize::try_from(*place).map_err(|_| Error::message("no such shape"))?;
            *uses.get_mut(place).ok_or_else(|| Error::message("no such shape"))? += 1;
        }
        let mut columns = Vec::with_capacity(shapes.len());
        for (shape, count) in shapes.iter().zip(uses) {
            let read = shape.leaves().iter().map(|kind| Column::read(*kind, source, count));
            columns.push((read.collect::<Result<Vec<_>, _>>()?, 0));
        }
        Ok((shapes, Rows { order: order.into_iter(), columns }))
    }
}

/// Items being put together again.
struct Rows<'b> {
    order: std::vec::IntoIter<i128>,
    columns: Vec<(Vec<Column<'b>>, usize)>,
}

impl Rows<'_> {
    /// Writes the next item, its elements within it.
    fn next(
        &mut self,
        shapes: &[Shape],
        out: &mut Vec<u8>,
        (depth, limit): (usize, usize),
    ) -> Result<(), Error> {
        if cbor::DEPTH_LIMIT < depth || limit < out.len() {
            return Err(Error::message("more than is allowed"));
        }
        let place = self.order.next().and_then(|place| usize::try_from(place).ok());
        let place = place.ok_or_else(Error::end_of_input)?;
        let shape = shapes.get(place).ok_or_else(Error::end_of_input)?;
        let (_, used) = self.columns.get_mut(place).ok_or_else(Error::end_of_input)?;
        let row = *used;
        *used += 1;
        let mut open: Vec<Vec<u8>> = Vec::new();
        let mut leaf = 0;
        for token in shape.tokens() {
            match token {
                Token::Bytes(bytes) => out.extend_from_slice(bytes),
                Token::Leaf => {
                    self.leaf(place, leaf)?.put(row, out)?;
                    leaf += 1;
                }
                Token::List => {
                    let length = self.leaf(place, leaf)?.length(row)?;
                    leaf += 1;
                    put_head(4, length, out);
                    for _ in 0..length {
                        self.next(shapes, out, (depth + 1, limit))?;
                    }
                }
                Token::Open => open.push(std::mem::take(out)),
                Token::Close => {
                    let outer = open.pop().ok_or_else(Error::end_of_input)?;
                    let inner = std::mem::replace(out, outer);
                    put_head(2, inner.len() as u64, out);
                    out.extend_from_slice(&inner);
                }
            }
        }
        if open.is_empty() { Ok(()) } else { Err(Error::end_of_input()) }
    }

    fn leaf(&self, place: usize, leaf: usize) -> Result<&Column<'_>, Error> {
        let columns = self.columns.get(place).map(|(columns, _)| columns);
        columns.and_then(|columns| columns.get(leaf)).ok_or_else(Error::end_of_input)
    }
}
