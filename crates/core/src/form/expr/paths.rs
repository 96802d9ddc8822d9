//! Ways through a form: from where an expression stands to the answers it names, past filters.

use super::eval::{Candidate, Scope};
use super::value::{Node, Outcome};
use super::{Expr, Items, Path};
use crate::ids::RowId;

impl Scope<'_> {
    /// The answers of a question: of its own row in the repeats held, of the candidate's where that stands in the
    /// same repeats further in, of every row in the others.
    pub(super) fn answers(&self, place: usize, held: usize) -> Vec<Node> {
        let chain = self.tree.chain(place);
        let base = self.base(chain, held);
        if chain.len() == base.len() {
            return vec![self.tree.node(place, base)];
        }
        self.nodes(place, &self.stands(chain, base, &[]))
    }

    pub(super) fn along(&self, path: &Path) -> Vec<Node> {
        let chain = self.tree.chain(path.place);
        let base = match self.candidate {
            Some(Candidate::Row { place, rows, .. }) if path.from_candidate => {
                let shared = shared(self.tree.chain(place), chain);
                rows.get(..shared).unwrap_or(rows)
            }
            _ => self.base(chain, path.held),
        };
        // A filter chooses among all rows of its repeat.
        let first = chain.iter().position(|repeat| path.filters.iter().any(|(step, _)| step == repeat));
        let base = base.get(..base.len().min(first.unwrap_or(base.len()))).unwrap_or(base);
        let mut stands = self.stands(chain, base, &path.filters);
        for (step, filter) in path.filters.iter().filter(|(step, _)| !chain.contains(step)) {
            let mut position = 0;
            stands.retain(|rows| {
                position += 1;
                self.admits(filter, Candidate::Row { place: *step, rows, position }, position)
            });
        }
        self.nodes(path.place, &stands)
    }

    /// The rows to begin with: one's own, then those the candidate adds.
    fn base<'s>(&'s self, chain: &[usize], held: usize) -> &'s [RowId] {
        if let Some(Candidate::Row { place, rows, .. }) = self.candidate {
            let common = shared(self.tree.chain(place), chain);
            if held < common {
                return rows.get(..common).unwrap_or(rows);
            }
        }
        self.rows.get(..held).unwrap_or(self.rows)
    }

    /// Everywhere the innermost of these repeats has a row, filtered on the way.
    fn stands(&self, chain: &[usize], base: &[RowId], filters: &[(usize, Expr)]) -> Vec<Vec<RowId>> {
        let mut stands = vec![base.to_vec()];
        for repeat in chain.iter().skip(base.len()) {
            let mut next = Vec::new();
            for stand in stands {
                let mut rows: Vec<Vec<RowId>> = self
                    .tree
                    .rows(*repeat, stand.last().copied())
                    .iter()
                    .map(|row| [stand.as_slice(), &[*row]].concat())
                    .collect();
                for (_, filter) in filters.iter().filter(|(step, _)| step == repeat) {
                    let mut position = 0;
                    rows.retain(|rows| {
                        position += 1;
                        self.admits(filter, Candidate::Row { place: *repeat, rows, position }, position)
                    });
                }
                next.append(&mut rows);
                if super::super::tree::STAND_LIMIT <= next.len() {
                    break;
                }
            }
            stands = next;
        }
        stands
    }

    /// Of several answers only those that count are there at all.
    fn nodes(&self, place: usize, stands: &[Vec<RowId>]) -> Vec<Node> {
        let counting = stands.iter().filter(|rows| self.tree.counts(place, rows));
        counting.map(|rows| self.tree.node(place, rows)).collect()
    }

    /// A number in brackets is a position; anything else says whether.
    #[expect(clippy::cast_precision_loss, reason = "positions stay far below 2^53")]
    #[expect(clippy::float_cmp, reason = "XPath compares positions exactly")]
    fn admits(&self, filter: &Expr, candidate: Candidate<'_>, position: usize) -> bool {
        let scope = Scope { candidate: Some(candidate), ..*self };
        let outcome = filter.evaluate(&scope);
        if let Outcome::Number(number) = outcome { number == position as f64 } else { outcome.truth() }
    }

    pub(super) fn items(&self, wanted: &Items) -> Vec<Node> {
        let column = wanted.column.as_deref().unwrap_or("name");
        let kept = self.choices(&wanted.list, &wanted.filters);
        kept.into_iter().map(|item| self.tree.cell(&wanted.list, item, column, self.language)).collect()
    }

    /// The places in a list of the choices that filters leave. The first filter is looked up where it names a value.
    pub fn choices(&self, list: &str, filters: &[Expr]) -> Vec<usize> {
        let keyed = filters.first().filter(|filter| !filter.reads_position());
        let looked_up = keyed.and_then(Expr::key).and_then(|(column, value)| {
            let index = self.tree.form.index(list, column)?;
            match value.evaluate(self) {
                Outcome::Text(text) => Some(index.get(&text).cloned().unwrap_or_default()),
                Outcome::Nodes(nodes) if nodes.len() == 1 && nodes.iter().all(|node| node.days.is_none()) => {
                    nodes.first().map(|node| index.get(&node.text).cloned().unwrap_or_default())
                }
                Outcome::Nodes(_) | Outcome::Number(_) | Outcome::Truth(_) => None,
            }
        });
        let mut kept = looked_up.unwrap_or_else(|| (0..self.tree.form.choices(list).len()).collect());
        for filter in filters {
            let mut position = 0;
            kept.retain(|item| {
                position += 1;
                self.admits(filter, Candidate::Item { list, item: *item, position }, position)
            });
        }
        kept
    }

    pub(super) fn column(&self, name: &str) -> Node {
        match self.candidate {
            Some(Candidate::Item { list, item, .. }) => self.tree.cell(list, item, name, self.language),
            Some(Candidate::Row { .. }) | None => Node::default(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "rows and choices stay far below 2^53")]
    pub(super) fn position(&self, of: Option<usize>) -> f64 {
        let Some(repeat) = of else {
            return match self.candidate {
                Some(Candidate::Item { position, .. } | Candidate::Row { position, .. }) => position as f64,
                None => f64::NAN,
            };
        };
        let chain = self.tree.chain(repeat);
        let mine = chain.len().checked_sub(1).and_then(|depth| {
            let around = depth.checked_sub(1).and_then(|above| self.rows.get(above)).copied();
            let row = self.rows.get(depth)?;
            self.tree.rows(repeat, around).iter().position(|each| each == row)
        });
        mine.map_or(f64::NAN, |position| (position + 1) as f64)
    }

    /// What stands at the expression's own question already.
    pub(super) fn stored(&self) -> Option<Node> {
        self.own.and_then(|place| self.tree.stored(place, self.rows))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is no row number finds no row"
    )]
    pub(super) fn indexed(&self, place: usize, wanted: &[(usize, Expr)]) -> Vec<Node> {
        let mut stand: Vec<RowId> = Vec::new();
        for (depth, repeat) in self.tree.chain(place).iter().enumerate() {
            let row = match wanted.iter().find(|(named, _)| named == repeat) {
                Some((_, number)) => {
                    let number = number.evaluate(self).number();
                    let rows = self.tree.rows(*repeat, stand.last().copied());
                    (1.0 <= number).then(|| rows.get(number as usize - 1).copied()).flatten()
                }
                None => self.rows.get(depth).copied(),
            };
            let Some(row) = row else { return Vec::new() };
            stand.push(row);
        }
        vec![self.tree.node(place, &stand)]
    }
}

/// How many of the outermost repeats two questions share.
fn shared(one: &[usize], other: &[usize]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}
