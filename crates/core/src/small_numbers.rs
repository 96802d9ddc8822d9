//! Counts that are told to people: a small one could point at somebody, so it is told as "fewer than", and nothing else that
//! is told gives it away.

use serde::Serialize;
use ts_rs::TS;

/// How a count is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Told {
    Count(u32),
    /// At least one, and fewer than the least that is told.
    Few,
    /// Kept back although it is not small, because with the total it would give a small one away.
    KeptBack,
}

impl Told {
    #[must_use]
    pub fn count(self) -> Option<u32> {
        match self {
            Self::Count(count) => Some(count),
            Self::Few | Self::KeptBack => None,
        }
    }
}

/// One count by itself, of which no total is told.
#[must_use]
pub fn alone(count: u32, least: u32) -> Told {
    if 0 < count && count < least { Told::Few } else { Told::Count(count) }
}

/// Counts that are told together with their total. Further ones are kept back, the smallest first, until nobody can work
/// out one of the small ones; where that is not enough, the total is not told either.
#[must_use]
pub fn together(counts: &[u32], least: u32) -> (Vec<Told>, Option<u64>) {
    let mut told: Vec<Told> = counts.iter().map(|count| alone(*count, least)).collect();
    let total: u64 = counts.iter().copied().map(u64::from).sum();
    while gives_away(counts, &told, least) {
        let shown = told.iter_mut().zip(counts).filter(|(told, count)| told.count().is_some() && 0 < **count);
        match shown.min_by_key(|(_, count)| **count) {
            Some((told, _)) => *told = Told::KeptBack,
            None => return (told, None),
        }
    }
    (told, Some(total))
}

/// The same things counted in two ways, as by place and by area: what one way keeps back, the other must not sum up to.
#[must_use]
pub fn two_ways(one: &[u32], other: &[u32], least: u32) -> (Vec<Told>, Vec<Told>, Option<u64>) {
    let ((mut told_one, total_one), (mut told_other, total_other)) =
        (together(one, least), together(other, least));
    let total = total_one.and(total_other);
    if total.is_none() {
        hide_sum(one, &mut told_one);
        hide_sum(other, &mut told_other);
    }
    (told_one, told_other, total)
}

/// Where all are told, the smallest is kept back.
fn hide_sum(counts: &[u32], told: &mut [Told]) {
    if told.iter().all(|told| told.count().is_some())
        && let Some((told, _)) =
            told.iter_mut().zip(counts).filter(|(_, count)| 0 < **count).min_by_key(|(_, count)| **count)
    {
        *told = Told::KeptBack;
    }
}

/// Whether the total leaves one of the small ones only one number to be.
fn gives_away(counts: &[u32], told: &[Told], least: u32) -> bool {
    let pairs = || told.iter().zip(counts);
    let few = pairs().filter(|(told, _)| **told == Told::Few).count() as u64;
    if few == 0 {
        return false;
    }
    let kept_back = pairs().filter(|(told, _)| **told == Told::KeptBack).count() as u64;
    let hidden: u64 =
        pairs().filter(|(told, _)| told.count().is_none()).map(|(_, count)| u64::from(*count)).sum();
    let (least, most_of_few) = (u64::from(least), u64::from(least.saturating_sub(1)));
    // All of the small ones are one, or all the most they can be; or there is no room but for one number.
    let lowest = few + kept_back * least;
    let is_lowest = hidden == lowest;
    // The smallest are kept back first, so that none of them is more than any that is shown.
    let shown = pairs().filter_map(|(told, _)| told.count()).filter(|count| 0 < *count).min();
    let most_kept_back =
        if kept_back == 0 { Some(0) } else { shown.map(|least| kept_back * u64::from(least)) };
    let is_highest = most_kept_back.is_some_and(|most| hidden == few * most_of_few + most);
    let is_known = kept_back == 0 || shown.map(u64::from) == Some(least);
    is_lowest || is_highest || (few == 1 && is_known) || most_of_few == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_small_count_is_told_as_few_and_none_as_none() {
        assert_eq!(
            [0, 1, 4, 5].map(|count| alone(count, 5)),
            [Told::Count(0), Told::Few, Told::Few, Told::Count(5)]
        );
    }

    #[test]
    fn one_small_count_beside_a_total_keeps_back_the_next_smallest() {
        let (told, total) = together(&[40, 3, 9, 0], 5);
        assert_eq!(told, [Told::Count(40), Told::Few, Told::KeptBack, Told::Count(0)]);
        assert_eq!(total, Some(52));
        let (told, total) = together(&[3, 0], 5);
        assert_eq!((told, total), (vec![Told::Few, Told::Count(0)], None), "nothing else to keep back");
        let (told, total) = together(&[4, 9, 9, 30], 5);
        assert_eq!(
            told,
            [Told::Few, Told::KeptBack, Told::KeptBack, Told::Count(30)],
            "nine is the most that is kept back beside nine"
        );
        assert_eq!(total, Some(52));
        let (told, total) = together(&[2, 3, 40], 5);
        assert_eq!((told, total), (vec![Told::Few, Told::Few, Told::Count(40)], Some(45)));
    }

    #[test]
    fn what_one_way_of_counting_keeps_back_the_other_does_not_sum_up_to() {
        let (places, areas, total) = two_ways(&[9, 6, 2], &[17], 5);
        assert_eq!(
            places,
            [Told::Count(9), Told::KeptBack, Told::Few],
            "two of seventeen could be worked out"
        );
        assert_eq!((areas, total), (vec![Told::Count(17)], Some(17)));
        let (places, areas, total) = two_ways(&[4, 4], &[8], 5);
        assert_eq!((places, areas), (vec![Told::Few, Told::Few], vec![Told::KeptBack]));
        assert_eq!(total, None, "eight can only be four and four");
        let (places, areas, total) = two_ways(&[6], &[5, 1], 5);
        assert_eq!((places, areas), (vec![Told::KeptBack], vec![Told::KeptBack, Told::Few]));
        assert_eq!(total, None);
    }

    /// Every number that each small count could be, by trying all of them.
    fn possible(told: &[Told], hidden: u64, least: u32) -> Vec<BTreeSet<u32>> {
        fn fill(ranges: &[(u32, u32)], left: u64, at: &mut Vec<u32>, found: &mut Vec<BTreeSet<u32>>) {
            let Some((low, high)) = ranges.get(at.len()).copied() else {
                if left == 0 {
                    at.iter().zip(found).for_each(|(count, found)| {
                        found.insert(*count);
                    });
                }
                return;
            };
            for count in low..=high.min(u32::try_from(left).unwrap()) {
                at.push(count);
                fill(ranges, left - u64::from(count), at, found);
                at.pop();
            }
        }
        let shown = told.iter().filter_map(|told| told.count()).filter(|count| 0 < *count).min();
        let ranges: Vec<(u32, u32)> = told
            .iter()
            .filter_map(|told| match told {
                Told::Count(_) => None,
                Told::Few => Some((1, least - 1)),
                Told::KeptBack => Some((least, shown.unwrap_or(60))),
            })
            .collect();
        let mut found = vec![BTreeSet::new(); ranges.len()];
        fill(&ranges, hidden, &mut vec![], &mut found);
        found
    }

    proptest! {
        #[test]
        fn no_small_count_can_be_worked_out_from_what_is_told(
            counts in proptest::collection::vec(0_u32..12, 1..6), least in 3_u32..6
        ) {
            let (told, total) = together(&counts, least);
            for (count, told) in counts.iter().zip(&told) {
                prop_assert!(told.count().is_none_or(|shown| shown == *count));
                prop_assert_eq!(*told == Told::Few, 0 < *count && *count < least);
            }
            let whole = counts.iter().sum();
            let (as_parts, as_one, both) = two_ways(&counts, &[whole], least);
            let is_summed = as_one.iter().all(|told| told.count().is_some());
            prop_assert!(both.is_some() || (!is_summed && as_parts.iter().any(|told| told.count().is_none())) || whole == 0);
            if let Some(total) = total {
                prop_assert_eq!(total, counts.iter().copied().map(u64::from).sum::<u64>());
                let shown: u64 = told.iter().filter_map(|told| told.count()).map(u64::from).sum();
                let few = told.iter().filter(|told| told.count().is_none());
                for (told, numbers) in few.zip(possible(&told, total - shown, least)) {
                    prop_assert!(*told != Told::Few || 1 < numbers.len(), "{:?} {:?}", told, numbers);
                }
            }
        }
    }
}
