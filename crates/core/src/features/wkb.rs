//! Geometries as a `GeoPackage` keeps them: its own short header, then well-known binary, in either order of bytes and
//! with or without heights and measures. Nothing is reserved on the word of a count.

use super::flaw::Flaw;
use super::{Corner, Ring, Shape};

const POINT: u32 = 1;
const POLYGON: u32 = 3;
const MULTI_POINT: u32 = 4;
const MULTI_POLYGON: u32 = 6;
/// Curves and surfaces of the extended model, which have no corners.
const LAST_KIND: u32 = 17;

/// The shape of a geometry column's cell.
pub fn read_cell(cell: &[u8]) -> Result<Shape, Flaw> {
    let mut bytes = Bytes { left: cell, is_little: true };
    let (magic, flags) = (bytes.take::<4>()?, cell.get(3).copied().unwrap_or_default());
    if magic.first_chunk() != Some(b"GP") {
        return Err(Flaw::Unreadable);
    }
    bytes.take::<4>()?;
    // The envelope, which is only there to spare reading what follows.
    let doubles = match (flags >> 1) & 7 {
        0 => 0,
        1 => 4,
        2 | 3 => 6,
        4 => 8,
        _ => return Err(Flaw::Unreadable),
    };
    for _ in 0..doubles {
        bytes.take::<8>()?;
    }
    if flags & 0b1_0000 != 0 {
        return Err(Flaw::Empty);
    }
    read_shape(&mut bytes)
}

fn read_shape(bytes: &mut Bytes<'_>) -> Result<Shape, Flaw> {
    let (kind, dimensions) = bytes.kind()?;
    match kind {
        POINT => bytes.spot(dimensions).map(Shape::Point),
        // As programs write points that they take for several.
        MULTI_POINT if bytes.count()? == 1 => match bytes.kind()? {
            (POINT, dimensions) => bytes.spot(dimensions).map(Shape::Point),
            _ => Err(Flaw::Unreadable),
        },
        POLYGON => Ok(Shape::Area(vec![bytes.rings(dimensions)?])),
        MULTI_POLYGON => {
            let mut parts = Vec::new();
            for _ in 0..bytes.count()? {
                let (kind, dimensions) = bytes.kind()?;
                if kind != POLYGON {
                    return Err(Flaw::Unreadable);
                }
                parts.push(bytes.rings(dimensions)?);
            }
            Ok(Shape::Area(parts))
        }
        kind if (POINT..=LAST_KIND).contains(&kind) => Err(Flaw::NotDrawn),
        _ => Err(Flaw::Unreadable),
    }
}

struct Bytes<'a> {
    left: &'a [u8],
    is_little: bool,
}

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let (taken, left) = self.left.split_first_chunk::<N>().ok_or(Flaw::Unreadable)?;
        self.left = left;
        Ok(*taken)
    }

    fn count(&mut self) -> Result<u32, Flaw> {
        let bytes = self.take()?;
        Ok(if self.is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn number(&mut self) -> Result<f64, Flaw> {
        let bytes = self.take()?;
        Ok(if self.is_little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    /// The kind of the geometry that follows, and how many numbers a corner has. Its order of bytes holds from here on.
    fn kind(&mut self) -> Result<(u32, u32), Flaw> {
        let [order] = self.take()?;
        self.is_little = match order {
            0 => false,
            1 => true,
            _ => return Err(Flaw::Unreadable),
        };
        let code = self.count()?;
        // ISO says heights and measures in thousands, older writers in the uppermost bits.
        let (flags, code) = (code >> 29, code & 0x1FFF_FFFF);
        let more = match code / 1_000 {
            0 => (flags >> 2) + ((flags >> 1) & 1),
            1 | 2 => 1,
            3 => 2,
            _ => return Err(Flaw::Unreadable),
        };
        Ok((code % 1_000, 2 + more))
    }

    /// A point that is nowhere is written as no numbers.
    fn spot(&mut self, dimensions: u32) -> Result<Corner, Flaw> {
        let spot = self.corner(dimensions)?;
        if spot.iter().any(|number| number.is_nan()) { Err(Flaw::Empty) } else { Ok(spot) }
    }

    fn corner(&mut self, dimensions: u32) -> Result<Corner, Flaw> {
        let corner = [self.number()?, self.number()?];
        for _ in 2..dimensions {
            self.number()?;
        }
        Ok(corner)
    }

    fn rings(&mut self, dimensions: u32) -> Result<Vec<Ring>, Flaw> {
        let mut rings = Vec::new();
        for _ in 0..self.count()? {
            let mut ring = Ring::new();
            for _ in 0..self.count()? {
                ring.push(self.corner(dimensions)?);
            }
            rings.push(ring);
        }
        Ok(rings)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A triangle of this kind, in this order of bytes.
    fn triangle(kind: u32, is_little: bool, more: usize) -> Vec<u8> {
        let count = |n: u32| if is_little { n.to_le_bytes() } else { n.to_be_bytes() };
        let number = |n: f64| if is_little { n.to_le_bytes() } else { n.to_be_bytes() };
        let mut bytes = vec![u8::from(is_little)];
        bytes.extend(count(kind));
        bytes.extend(count(1));
        bytes.extend(count(4));
        for [x, y] in [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]] {
            bytes.extend([number(x), number(y)].concat());
            (0..more).for_each(|_| bytes.extend(number(7.0)));
        }
        bytes
    }

    fn cell(flags: u8, envelope: usize, geometry: &[u8]) -> Vec<u8> {
        let mut bytes = vec![b'G', b'P', 0, flags, 0xE6, 0x10, 0, 0];
        bytes.extend(vec![0; 8 * envelope]);
        bytes.extend(geometry);
        bytes
    }

    #[test]
    fn a_polygon_reads_the_same_however_it_is_written() {
        let plain = read_cell(&cell(0b0001, 0, &triangle(3, true, 0))).unwrap();
        assert_eq!(plain.clone().parts().unwrap(), [[[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]]]);
        for (kind, is_little, more) in [
            (3, false, 0),
            (1_003, true, 1),
            (2_003, false, 1),
            (3_003, true, 2),
            (0x8000_0003, true, 1),
            (0xC000_0003, true, 2),
        ] {
            assert_eq!(
                read_cell(&cell(0b0011, 4, &triangle(kind, is_little, more))).unwrap(),
                plain,
                "{kind}"
            );
        }
        let mut many = vec![1, 6, 0, 0, 0, 2, 0, 0, 0];
        many.extend(triangle(3, true, 0));
        many.extend(triangle(3, false, 0));
        assert_eq!(read_cell(&cell(0b1001, 8, &many)).unwrap().parts().unwrap().len(), 2);
    }

    /// A point at 1.5 east and 52 north with these numbers after them.
    fn point(kind: u32, more: &[f64]) -> Vec<u8> {
        let mut bytes = vec![1];
        bytes.extend(kind.to_le_bytes());
        [1.5, 52.0].iter().chain(more).for_each(|number: &f64| bytes.extend(number.to_le_bytes()));
        bytes
    }

    #[test]
    fn a_point_is_read_with_its_height_or_without_and_as_the_only_one_of_several() {
        let there = Ok(Shape::Point([1.5, 52.0]));
        let several = |count: u8| [&[1, 4, 0, 0, 0, count, 0, 0, 0], point(1, &[]).as_slice()].concat();
        for geometry in [point(1, &[]), point(1_001, &[9.0]), point(3_001, &[9.0, 1.0]), several(1)] {
            assert_eq!(read_cell(&cell(1, 0, &geometry)), there);
        }
        assert_eq!(read_cell(&cell(1, 0, &several(2))), Err(Flaw::NotDrawn));
        let nowhere = [&[1, 1, 0, 0, 0], f64::NAN.to_le_bytes().as_slice(), &f64::NAN.to_le_bytes()].concat();
        assert_eq!(read_cell(&cell(1, 0, &nowhere)), Err(Flaw::Empty));
    }

    #[test]
    fn what_is_no_area_says_so() {
        assert_eq!(read_cell(&cell(0b1_0001, 0, &[])), Err(Flaw::Empty));
        assert_eq!(read_cell(&cell(1, 0, &[1, 2, 0, 0, 0])), Err(Flaw::NotDrawn));
        let whole = cell(1, 0, &triangle(3, true, 0));
        for cut in 0..whole.len() {
            assert_eq!(read_cell(&whole[..cut]), Err(Flaw::Unreadable), "{cut}");
        }
        let mut many = whole;
        many[13..17].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(read_cell(&many), Err(Flaw::Unreadable), "more rings than there are bytes");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_shape_or_a_flaw(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let shaped = [b"GP\0\x01\0\0\0\0".as_slice(), &bytes].concat();
            if let Ok(Shape::Area(parts)) = read_cell(&shaped) {
                prop_assert!(parts.iter().flatten().map(Vec::len).sum::<usize>() * 16 <= bytes.len());
            }
        }
    }
}
