//! What depends on what: the order in which a form is worked out, and how little a change touches.

use std::collections::BTreeSet;

use super::Question;
use super::expr::Expr;

#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Every question after those that decide whether it counts or what it comes to.
    pub order: Vec<usize>,
    /// Of each question, those whose relevance or value it decides.
    decides: Vec<BTreeSet<usize>>,
    /// Of each question, those whose checks or choices read it.
    read_by: Vec<BTreeSet<usize>>,
    /// The questions that change with the time of day alone.
    pub clocked: BTreeSet<usize>,
}

impl Plan {
    /// The plan, or one question that depends on itself.
    pub fn new(questions: &[Question]) -> Result<Self, usize> {
        let mut plan = Self {
            order: Vec::new(),
            decides: vec![BTreeSet::new(); questions.len()],
            read_by: vec![BTreeSet::new(); questions.len()],
            clocked: BTreeSet::new(),
        };
        for (place, question) in questions.iter().enumerate() {
            let rules = &question.rules;
            let mut decide = |from: usize| link(&mut plan.decides, from, place);
            rules.parent.into_iter().for_each(&mut decide);
            rules.deciding().for_each(|expr| expr.references(&mut decide));
            let mut read = |from: usize| link(&mut plan.read_by, from, place);
            rules.reading().for_each(|expr| expr.references(&mut read));
            if rules.deciding().chain(rules.reading()).any(Expr::reads_clock) {
                plan.clocked.insert(place);
            }
        }
        plan.order = plan.sorted()?;
        Ok(plan)
    }

    /// Of the order, what decides these questions, themselves included.
    pub fn needed_for(&self, places: &BTreeSet<usize>) -> Vec<usize> {
        let mut needed = places.clone();
        for place in self.order.iter().rev() {
            if self.decides.get(*place).is_some_and(|decided| !decided.is_disjoint(&needed)) {
                needed.insert(*place);
            }
        }
        self.order.iter().copied().filter(|place| needed.contains(place)).collect()
    }

    /// Kahn's algorithm, the earliest question of the form first.
    fn sorted(&self) -> Result<Vec<usize>, usize> {
        let mut waits_for = vec![0_usize; self.decides.len()];
        for decided in self.decides.iter().flatten() {
            waits_for.get_mut(*decided).into_iter().for_each(|count| *count += 1);
        }
        let mut ready: BTreeSet<usize> =
            waits_for.iter().enumerate().filter(|(_, count)| **count == 0).map(|(place, _)| place).collect();
        let mut order = Vec::new();
        while let Some(place) = ready.pop_first() {
            order.push(place);
            for decided in self.decides.get(place).into_iter().flatten() {
                if let Some(count) = waits_for.get_mut(*decided) {
                    *count -= 1;
                    if *count == 0 {
                        ready.insert(*decided);
                    }
                }
            }
        }
        match waits_for.iter().position(|count| 0 < *count) {
            None => Ok(order),
            Some(place) => Err(place),
        }
    }

    /// The questions to look at again when the answer of this one changed, itself included.
    pub fn touched_by(&self, place: usize) -> BTreeSet<usize> {
        self.touched_by_all(&BTreeSet::from([place]))
    }

    pub fn touched_by_all(&self, places: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut decided = places.clone();
        let mut ahead: Vec<usize> = places.iter().copied().collect();
        while let Some(next) = ahead.pop() {
            for place in self.decides.get(next).into_iter().flatten() {
                if decided.insert(*place) {
                    ahead.push(*place);
                }
            }
        }
        let readers: Vec<usize> =
            decided.iter().filter_map(|place| self.read_by.get(*place)).flatten().copied().collect();
        decided.extend(readers);
        decided
    }
}

fn link(links: &mut [BTreeSet<usize>], from: usize, to: usize) {
    links.get_mut(from).into_iter().for_each(|targets| {
        targets.insert(to);
    });
}

#[cfg(test)]
mod tests {
    use crate::form::shipped::form;
    use crate::form::{Codes, Form, FormFaultCode};

    #[test]
    fn a_change_touches_what_depends_on_it_and_nothing_else() {
        let form = form("fly_tip");
        assert_eq!(form.touched_by("more/where_text"), ["more/where_text"]);
        assert_eq!(form.touched_by("hazards"), ["hazards", "keep_away", "sharps", "urgent"]);
        let evidence = form.touched_by("evidence");
        assert!(evidence.contains(&"found/what") && evidence.contains(&"found/exhibits/ref"));
        assert!(evidence.iter().all(|path| path.starts_with("found") || *path == "evidence"), "{evidence:?}");
        assert_eq!(form.touched_by("waste"), ["waste", "keep_away", "sharps", "more/waste_other", "urgent"]);
    }

    #[test]
    fn a_check_that_reads_another_answer_is_looked_at_again() {
        let form = form("observation");
        assert!(form.touched_by("seen_at").contains(&"last_seen_at"));
        assert!(form.touched_by("likely/on_off").contains(&"likely/code"));
        assert!(!form.touched_by("likely/on_off").contains(&"likely/loading"));
    }

    #[test]
    fn rows_coming_and_going_touch_what_stands_in_them_and_what_counts_them() {
        let touched = form("tenancy_audit");
        let touched = touched.touched_by("who/household");
        assert!(touched.contains(&"who/household/name") && touched.contains(&"who/people"));
    }

    fn cycle(rows: &str) -> String {
        let json = format!(
            r#"{{"settings":{{"form_id":"t","version":1,"form_title":{{"en":"T"}},"service":"s","ref_prefix":"TT"}},"survey":[{rows}]}}"#
        );
        let faults = Form::parse(&json, &Codes::default()).map(|_| ()).expect_err("a circle");
        assert!(faults.iter().any(|fault| fault.code == FormFaultCode::Cycle), "{faults:?}");
        faults.into_iter().map(|fault| fault.what).collect()
    }

    #[test]
    fn questions_that_wait_for_each_other_are_refused() {
        assert_eq!(
            cycle(
                r#"{"type":"text","name":"a","relevant":"${b} = ''"},{"type":"text","name":"b","relevant":"${a} = ''"}"#
            ),
            "a"
        );
        assert_eq!(cycle(r#"{"type":"calculate","name":"a","calculation":". + 1"}"#), "a");
        assert_eq!(
            cycle(
                r#"{"type":"begin_group","name":"g","relevant":"${a} = ''"},{"type":"text","name":"a"},{"type":"end_group"}"#
            ),
            "g"
        );
    }

    #[test]
    fn two_checks_may_read_each_other() {
        let json = r#"{"settings":{"form_id":"t","version":1,"form_title":{"en":"T"},"service":"s","ref_prefix":"TT"},
            "survey":[{"type":"integer","name":"a","constraint":". <= ${b}"},{"type":"integer","name":"b","constraint":". >= ${a}"}]}"#;
        assert!(Form::parse(json, &Codes::default()).is_ok());
    }
}
