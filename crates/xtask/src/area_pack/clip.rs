//! What of a shape lies in a tile, with a little more around it so that no seam shows.

use super::plane::Spot;

/// How far beyond its edge a tile still draws, in tiles.
pub const MARGIN: f64 = 0.016;

/// A ring cut to the tile, edge by edge (Sutherland and Hodgman).
pub fn ring(corners: &[Spot]) -> Vec<Spot> {
    let mut left = corners.to_vec();
    for (axis, limit, keeps_below) in EDGES {
        let at = |spot: &Spot| coordinate(spot, axis);
        let is_in = |spot: &Spot| if keeps_below { at(spot) <= limit } else { limit <= at(spot) };
        let mut cut = Vec::with_capacity(left.len());
        for (from, to) in super::plane::sides(&left) {
            if is_in(&from) {
                cut.push(from);
            }
            if is_in(&from) != is_in(&to) {
                cut.push(between(from, to, (limit - at(&from)) / (at(&to) - at(&from))));
            }
        }
        left = cut;
    }
    left
}

const EDGES: [(usize, f64, bool); 4] =
    [(0, -MARGIN, false), (0, 1.0 + MARGIN, true), (1, -MARGIN, false), (1, 1.0 + MARGIN, true)];

fn coordinate([x, y]: &Spot, axis: usize) -> f64 {
    if axis == 0 { *x } else { *y }
}

fn between([ax, ay]: Spot, [bx, by]: Spot, share: f64) -> Spot {
    [ax + (bx - ax) * share, ay + (by - ay) * share]
}

/// A line cut to the tile: as many pieces as times it comes in (Liang and Barsky, side by side).
pub fn line(corners: &[Spot]) -> Vec<Vec<Spot>> {
    let mut pieces: Vec<Vec<Spot>> = Vec::new();
    for pair in corners.windows(2) {
        let [from, to] = pair else { continue };
        let Some((enter, leave)) = segment(*from, *to) else { continue };
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&enter) => piece.push(leave),
            Some(_) | None => pieces.push(vec![enter, leave]),
        }
    }
    pieces
}

fn segment(from: Spot, to: Spot) -> Option<(Spot, Spot)> {
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (axis, limit, keeps_below) in EDGES {
        let (start, end) = (coordinate(&from, axis), coordinate(&to, axis));
        let (start, end) =
            if keeps_below { (limit - start, limit - end) } else { (start - limit, end - limit) };
        if start < 0.0 && end < 0.0 {
            return None;
        }
        if start < 0.0 {
            enter = enter.max(start / (start - end));
        } else if end < 0.0 {
            leave = leave.min(start / (start - end));
        }
    }
    (enter < leave).then(|| {
        let begin = if enter == 0.0 { from } else { between(from, to, enter) };
        let end = if leave >= 1.0 { to } else { between(from, to, leave) };
        (begin, end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_leaves_and_comes_back_is_two_pieces() {
        let pieces = line(&[[0.5, 0.5], [0.5, 1.5], [0.8, 1.5], [0.8, 0.2]]);
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[0], [[0.5, 0.5], [0.5, 1.0 + MARGIN]]);
        assert!(line(&[[2.0, 0.0], [2.0, 1.0]]).is_empty());
    }

    #[test]
    fn a_ring_larger_than_the_tile_becomes_the_tile() {
        let cut = ring(&[[-5.0, -5.0], [5.0, -5.0], [5.0, 5.0], [-5.0, 5.0]]);
        assert_eq!(cut.len(), 4);
        let is_edge = |at: &f64| (at + MARGIN).abs() < 1e-9 || (at - 1.0 - MARGIN).abs() < 1e-9;
        assert!(cut.iter().flatten().all(is_edge));
        assert!(ring(&[[2.0, 2.0], [3.0, 2.0], [3.0, 3.0]]).is_empty());
    }
}
