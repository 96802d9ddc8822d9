//! Distances, areas and fences, with the figures JavaRosa's own tests hold it to.

use super::{WINTER, check, outcome_at};

const PATRAS: &str = "38.253094215699576 21.756382658677467;38.25021274773806 21.756382658677467;\
    38.25007793942195 21.763892843919166;38.25290886154963 21.763935759263404;38.25146813817506 21.758421137528785";

fn measured(source: &str) -> f64 {
    outcome_at(source, WINTER).number()
}

#[test]
fn lengths_and_areas() {
    let second = "38.25304740874071 21.75644703234866;38.25308110946615 21.763377860443143;\
        38.25078942453431 21.763399318115262;38.25090738066984 21.756640151397733;\
        38.25197740258244 21.75892539347842";
    let third = "38.252845204059824 21.763313487426785 0 0;38.25303055837213 21.755867675201443 0 0;\
        38.25072202094234 21.755803302185086 0 0;38.25062091543717 21.76294870700076 0 0;\
        38.25183417221606 21.75692982997134 0 0";
    for (line, area, length) in
        [(PATRAS, 151_452.0, 1_801.0), (second, 122_755.0, 1_685.0), (third, 93_912.0, 2_076.0)]
    {
        let found = measured(&format!("area('{line}')"));
        assert!((found - area).abs() < 0.5, "{found}");
        let found = measured(&format!("distance('{line}')"));
        assert!((found - length).abs() < 0.5, "{found}");
    }
    let around = 2.0 * std::f64::consts::PI * 6_378_100.0;
    for (source, wanted) in [
        ("distance('0 0;0 1')", around / 360.0),
        ("distance('0 0', '0 90')", around / 4.0),
        ("distance('0 0;0 180')", around / 2.0),
        ("distance('90 0;90 1')", 0.0),
        ("distance('53.4794 -2.2453;53.4794 -2.2453')", 0.0),
        ("distance('53.4794 -2.2453 12 4.5')", 0.0),
        ("distance(${square})", 445_258.4),
        ("distance(${bins})", 662.5),
        ("area('0 0;1 1')", 0.0),
    ] {
        let found = measured(source);
        assert!((found - wanted).abs() < wanted * 1e-4 + 1e-6, "{source}: {found}");
    }
    let metre = measured("distance('53.4794 -2.2453;53.479409 -2.2453')");
    assert!((metre - 1.0019).abs() < 0.001, "{metre}");
}

#[test]
fn what_is_no_place_has_no_measure() {
    check(&[
        ("distance(${blank})", "NaN"),
        ("distance(${norows})", "NaN"),
        ("distance('north')", "NaN"),
        ("distance('91 0;0 0')", "NaN"),
        ("distance('0 181;0 0')", "NaN"),
        ("distance('inf 0;0 0')", "NaN"),
        ("distance('1;2')", "NaN"),
        ("distance('0 0 0 0 0;1 1')", "NaN"),
        ("distance(5)", "NaN"),
        ("area(true())", "NaN"),
        ("area(${blank})", "NaN"),
    ]);
}

#[test]
fn fences() {
    for (point, wanted) in [
        ("38.25081280703969 21.760299116099116", "true"),
        ("38.251790 21.756845 80 4", "true"),
        ("38.252062644683356 21.758894013612437", "false"),
        ("0 0", "false"),
        ("", "false"),
        ("nowhere", "false"),
    ] {
        for fence in [PATRAS.to_owned(), format!("{PATRAS};38.253094215699576 21.756382658677467")] {
            check(&[(&format!("geofence('{point}', '{fence}')"), wanted)]);
        }
    }
    check(&[
        ("geofence('0.5 0.5', ${square})", "true"),
        ("geofence('0.5 1.5', ${square})", "false"),
        ("geofence('0.5 0.5', '')", "false"),
        ("geofence('0.5 0.5', ${blank})", "false"),
        ("geofence('0.5 0.5', '0 0')", "false"),
    ]);
}

#[test]
fn lines_that_cross_themselves() {
    check(&[
        ("intersects(${square})", "false"),
        ("intersects('0 0;0 1;1 1;1 0')", "false"),
        ("intersects('0 0;1 1;0 1;1 0')", "true"),
        ("intersects('0 0;1 1;0 1;1 0;0 0')", "true"),
        ("intersects('0 0;0 5;0 0')", "true"),
        ("intersects('0 0;5 0;4 0;0 0')", "true"),
        ("intersects('0 0;5 0;6 0;9 0')", "false"),
        ("intersects('0 0;0 0;0 1;1 1')", "false"),
        ("intersects('0 0;0 4;2 2;-1 2')", "true"),
        ("intersects('0 0;0 4;2 4;0 2')", "true"),
        ("intersects('0 0;1 1')", "false"),
        ("intersects('0 0')", "false"),
        ("intersects(${blank})", "false"),
        ("intersects('nowhere')", "false"),
    ]);
}
