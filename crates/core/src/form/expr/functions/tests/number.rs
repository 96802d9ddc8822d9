//! Numbers and their rounding.

use std::f64::consts;

use super::{WINTER, check, outcome_at};

#[test]
fn conversion() {
    check(&[
        ("number(true())", "1"),
        ("number('100.001')", "100.001"),
        ("number('.1001')", "0.1001"),
        ("number(' -12345.6789  ')", "-12345.6789"),
        ("number('- 17')", "NaN"),
        ("number('')", "NaN"),
        ("number('Infinity')", "NaN"),
        ("number('1.1e6')", "NaN"),
        ("number('34.56.7')", "NaN"),
        ("number('1,234')", "NaN"),
        ("number(${norows})", "NaN"),
        ("number(date('1970-01-01'))", "0"),
        ("number(date('1969-12-31'))", "-1"),
        ("number(date('2008-09-05'))", "14127"),
        ("number('1941-12-07')", "-10252"),
        ("number('1970-01-02T12:00:00Z')", "1.5"),
        ("int('123.456')", "123"),
        ("int(-1.9)", "-1"),
        ("int('x')", "NaN"),
        ("int(1 div 0)", "Infinity"),
        ("floor(2.6)", "2"),
        ("floor(-2.5)", "-3"),
        ("ceiling(2.2)", "3"),
        ("ceiling(-2.5)", "-2"),
        ("abs(-3.5)", "3.5"),
        ("abs('x')", "NaN"),
    ]);
}

#[test]
fn rounding() {
    check(&[
        ("round('14.29123456789')", "14"),
        ("round('14.6')", "15"),
        ("round('14.29123456789', 0)", "14"),
        ("round('14.29123456789', 1)", "14.3"),
        ("round('14.29123456789', 1.5)", "14.3"),
        ("round('14.29123456789', 4)", "14.2912"),
        ("round('-12345.14', 1)", "-12345.1"),
        ("round('12345.12345', -1)", "12350"),
        ("round('12345.12345', -2)", "12300"),
        ("round('12350.12345', -2)", "12400"),
        ("round('12345.12345', -3)", "12000"),
        ("round('14.5')", "15"),
        ("round('NaN')", "NaN"),
        ("round(1 div 0, 2)", "Infinity"),
        ("round('-0.5')", "0"),
        ("1 div round('-0.5')", "-Infinity"),
        ("round('12345.15', 1)", "12345.2"),
        ("round('-12345.15', 1)", "-12345.1"),
        ("round(-1.5)", "-1"),
        ("round(-2.5)", "-2"),
        ("round(-2.51)", "-3"),
        ("round('2.15', 1)", "2.2"),
        ("round('2.149', 1)", "2.1"),
        ("round('23.7825', 2)", "23.78"),
        ("round('626.3', -3)", "1000"),
        ("round('-50.55', -2)", "-100"),
        ("round('-50', -2)", "0"),
        ("round('1', -2)", "0"),
        ("round(999.9995, 3)", "1000"),
        ("round(0.05, 1)", "0.1"),
        ("round(1 div 47999799999)", "0"),
        ("round(1.005, 2)", "1.01"),
        ("round(3, 30)", "3"),
        ("round(3, 31)", "NaN"),
        ("round(3, -31)", "NaN"),
        ("round('a')", "NaN"),
        ("round(7, 'x')", "7"),
    ]);
}

#[test]
fn mathematics() {
    check(&[
        ("pow(2, 0)", "1"),
        ("pow(0, 4)", "0"),
        ("pow(2.5, 2)", "6.25"),
        ("pow(-1, 3)", "-1"),
        ("pow(16, 0.25)", "2"),
        ("pow(-8, 1 div 3)", "NaN"),
        ("exp(0)", "1"),
        ("exp10(-2)", "0.01"),
        ("exp10(3)", "1000"),
        ("log(1)", "0"),
        ("log(0)", "-Infinity"),
        ("log(-1)", "NaN"),
        ("log10(1000)", "3"),
        ("sqrt(16)", "4"),
        ("sqrt(-1)", "NaN"),
        ("sin(0)", "0"),
        ("cos(0)", "1"),
        ("asin(2)", "NaN"),
        ("acos(1)", "0"),
        ("tan('')", "NaN"),
        ("atan2(0, 1)", "0"),
        ("pi()", "3.141592653589793"),
    ]);
    for (source, wanted) in [
        ("exp(1)", consts::E),
        ("log(10)", consts::LN_10),
        ("sin(pi() div 6)", 0.5),
        ("cos(pi())", -1.0),
        ("tan(pi() div 4)", 1.0),
        ("asin(1)", consts::FRAC_PI_2),
        ("acos(-1)", consts::PI),
        ("atan(1) * 4", consts::PI),
        ("atan2(1, -1) * 4 div 3", consts::PI),
    ] {
        let found = outcome_at(source, WINTER).number();
        assert!((found - wanted).abs() < 1e-12, "{source}: {found}");
    }
}
