//! Rows of repeats and choices of a question.

use super::check;

#[test]
fn counting_and_summing() {
    check(&[
        ("count(${rows})", "3"),
        ("count(${norows})", "0"),
        ("count(5)", "NaN"),
        ("count-non-empty(${gaps})", "3"),
        ("count-non-empty(${blanks})", "0"),
        ("count-non-empty('x')", "NaN"),
        ("sum(${rows})", "6"),
        ("sum(${gaps})", "7"),
        ("sum(${norows})", "0"),
        ("sum(${rows}, 4, 'x')", "10"),
        ("min(${rows})", "1"),
        ("max(${rows})", "3"),
        ("max(${cold})", "-3"),
        ("min(${cold})", "-32"),
        ("max(${gaps})", "5"),
        ("min(${gaps})", "2"),
        ("max(${blanks})", "NaN"),
        ("min(${norows})", "NaN"),
        ("max(1, '2.5', true())", "2.5"),
        ("min(${rows}, 0.5)", "0.5"),
        ("max('x')", "NaN"),
        ("max(${inspected}, date('2026-03-10')) = date('2026-03-10')", "true"),
    ]);
}

#[test]
fn choices() {
    check(&[
        ("selected('apple baby crimson', 'apple')", "true"),
        ("selected('apple baby crimson', '  baby  ')", "true"),
        ("selected('apple baby crimson', 'bab')", "false"),
        ("selected('', 'apple')", "false"),
        ("selected('', '')", "false"),
        ("selected(${hazards}, 'needles')", "true"),
        ("selected-at(${hazards}, 0)", "none"),
        ("selected-at(${hazards}, 2)", "tyres"),
        ("selected-at(${hazards}, 2.9)", "tyres"),
        ("selected-at(${hazards}, 3)", ""),
        ("selected-at(${hazards}, -1)", ""),
        ("selected-at(${blank}, 0)", ""),
        ("count-selected(${hazards})", "3"),
        ("count-selected(${blank})", "0"),
    ]);
}

#[test]
fn checklists() {
    check(&[
        ("checklist(-1, 2, 2 > 1)", "true"),
        ("checklist(-1, 2, 1 = 1, 2 = 2, 3 = 3)", "false"),
        ("checklist(1, 2, 1 = 1, 2 = 2, 3 = 3)", "false"),
        ("checklist(1, -1, true(), true(), true())", "true"),
        ("checklist(3, -1, ${gaps})", "true"),
        ("checklist(4, -1, ${gaps})", "false"),
        ("checklist(0, 0)", "true"),
        ("weighted-checklist(-1, 2, 2 > 1, 2)", "true"),
        ("weighted-checklist(-1, 2, 2 > 1, 3)", "false"),
        ("weighted-checklist(1, 2, 1 = 1, 1, 2 = 2, 1, 3 = 3, 1)", "false"),
        ("weighted-checklist(1, 1, 1 = 1, 0)", "false"),
        ("weighted-checklist(2, 2, true(), 2, false(), 5, false(), 6)", "true"),
        ("weighted-checklist(2, -1, true(), 999, false(), 5)", "true"),
        ("weighted-checklist(4, 4, ${gaps}, ${weights})", "true"),
        ("weighted-checklist(0, 99, ${rows}, ${weights})", "false"),
        ("weighted-checklist(0, 99, true(), 'x')", "false"),
        ("weighted-checklist(0, 99, true())", "false"),
    ]);
}
