//! Dates, times and moments, in winter and in summer.

use super::{SUMMER, WINTER, check, check_at};
use crate::form::expr::value::Now;

#[test]
fn what_a_date_is_made_from() {
    for season in [WINTER, SUMMER] {
        check_at(
            season,
            &[
                ("date('2000-01-01')", "2000-01-01"),
                ("date('1970-1-2')", "1970-01-02"),
                ("date('1996-02-29')", "1996-02-29"),
                ("date('1995-02-29')", ""),
                ("date('1983-09-31')", ""),
                ("date('not a date')", ""),
                ("date('2000-01-01x')", ""),
                ("date('2000-01-01-01')", ""),
                ("date('')", ""),
                ("date(${blank})", ""),
                ("date(number('x'))", ""),
                ("date(1 div 0)", ""),
                ("date(true())", ""),
                ("date(0)", "1970-01-01"),
                ("date(1)", "1970-01-02"),
                ("date(6.5)", "1970-01-07"),
                ("date(-1)", "1969-12-31"),
                ("date(14127)", "2008-09-05"),
                ("date('14127')", "2008-09-05"),
                ("date(-10252)", "1941-12-07"),
                ("date(9999999)", ""),
                ("date(date('1989-11-09'))", "1989-11-09"),
                ("date('2026-07-01T00:30:00+01:00')", "2026-07-01"),
                ("date(${inspected})", "2026-03-09"),
                ("date(${inspected} + 28)", "2026-04-06"),
                ("date('2008-09-08') - date('1983-10-06')", "9104"),
                ("date('2026-03-16') - date('1992-06-05')", "12337"),
                ("int((date('2026-03-16') - ${inspected}) div 7)", "1"),
                ("date('2001-12-26') > date('2001-12-25')", "true"),
                ("date(14127) = date('2008-09-05')", "true"),
                ("date('2012-01-01') < today()", "true"),
            ],
        );
    }
    check(&[("date(now())", "2026-03-16"), ("date(today() + 1)", "2026-03-17")]);
    check_at(SUMMER, &[("date(now())", "2026-07-01"), ("date(today() + 1)", "2026-07-02")]);
    let half_an_hour = super::outcome_at("now() - today()", SUMMER).number();
    assert!((half_an_hour - 1.0 / 48.0).abs() < 1e-10, "{half_an_hour}");
    let newfoundland = Now { offset_min: -150, ..SUMMER };
    check_at(
        newfoundland,
        &[("today()", "2026-06-30"), ("date(today() + 1)", "2026-07-01"), ("date(1)", "1970-01-02")],
    );
}

#[test]
fn what_a_moment_is_made_from() {
    check_at(
        SUMMER,
        &[
            ("date-time('2026-03-16')", "2026-03-16T00:00:00+01:00"),
            ("date-time('2026-03-16T09:12')", "2026-03-16T09:12:00+01:00"),
            ("date-time('2026-03-16T09:12:44.5Z')", "2026-03-16T09:12:44.5Z"),
            ("date-time('2026-03-16T09:12:44-05')", "2026-03-16T09:12:44-05:00"),
            ("date-time(0.5)", "1970-01-01T13:00:00+01:00"),
            ("date-time(${reported})", "2026-07-01T09:00:00+01:00"),
            ("date-time('2026-03-16T24:00')", ""),
            ("date-time('2026-03-16T09:60')", ""),
            ("date-time('2026-03-16T09:12:60')", ""),
            ("date-time('2026-03-16T09:12:44.')", ""),
            ("date-time('2026-03-16T09:12:44+24:00')", ""),
            ("date-time('2026-03-16T')", ""),
            ("date-time('09:12')", ""),
            ("date-time('')", ""),
        ],
    );
}

#[test]
fn days_as_decimals() {
    check(&[
        ("decimal-date-time('1970-01-01T00:00:00Z')", "0"),
        ("decimal-date-time('1970-01-02T00:00:00Z')", "1"),
        ("decimal-date-time('1969-12-31T00:00:00Z')", "-1"),
        ("decimal-date-time('2018-04-24T15:30:00.000+06:00')", "17645.395833333332"),
        ("decimal-date-time('2025-08-18T02:03:23.958Z')", "20318.085693958332"),
        ("decimal-date-time('2008-09-05')", "14127"),
        ("decimal-date-time(1.25)", "1.25"),
        ("decimal-date-time('')", ""),
        ("decimal-date-time('nonsense')", ""),
        ("decimal-time('12:00')", "0.5"),
        ("decimal-time('18:00:00.000')", "0.75"),
        ("decimal-time('06:00:00.000-07:00')", "0.25"),
        ("decimal-time('2026-03-16T06:00:00')", "0.25"),
        ("decimal-time('2026-03-16')", "0"),
        ("decimal-time(-0.25)", "0.75"),
        ("decimal-time('12:00') - decimal-time('06:00')", "0.25"),
        ("decimal-time('24:00:00.000-07:00')", ""),
        ("decimal-time('06:00:00.000-24:00')", ""),
        ("decimal-time('06:60:00.000-07:00')", ""),
        ("decimal-time('23:59:00.000-07:60')", ""),
        ("decimal-time('a')", ""),
        ("decimal-time('')", ""),
    ]);
    check_at(
        SUMMER,
        &[("decimal-date-time('1970-01-02')", "0.9583333333333334"), ("decimal-time(${reported})", "0.375")],
    );
}

#[test]
fn formats() {
    check(&[
        ("format-date('2001-12-31', '%b %e, %Y')", "Dec 31, 2001"),
        ("format-date('2018-01-02T10:20:30.123', '%Y-%m-%e %H:%M:%S')", "2018-01-2 10:20:30"),
        ("format-date-time('2018-01-02T03:04:05.067', '%y/%n/%d %h:%M:%S.%3')", "18/1/02 3:04:05.067"),
        ("format-date('2026-03-16', '%a %d %b, week %W')", "Mon 16 Mar, week 12"),
        ("format-date('2021-01-03', '%a week %W')", "Sun week 53"),
        ("format-date('2026-03-16', '100%%')", "100%"),
        ("format-date('0099-03-16', '%Y %y')", "0099 99"),
        ("format-date('2026-03-16', '')", ""),
        ("format-date('2026-03-16', '%Q')", ""),
        ("format-date('2026-03-16', '%B')", ""),
        ("format-date('2026-03-16', '%Y%')", ""),
        ("format-date('', '%Y')", ""),
        ("format-date('nonsense', '%Y')", ""),
        ("format-date(true(), '%Y')", ""),
        ("format-date(14127, '%Y-%m-%d')", "2008-09-05"),
        ("format-date(today(), '%d/%m/%Y')", "16/03/2026"),
        ("format-date(today() + 28, '%d/%m/%Y')", "13/04/2026"),
        ("format-date-time(now(), '%d/%m/%Y %H:%M')", "16/03/2026 23:30"),
        ("format-date-time('09:12:30', '%H.%M')", "09.12"),
        ("format-date(${inspected}, '%e %b %Y, %H:%M')", "9 Mar 2026, 00:00"),
    ]);
    check_at(
        SUMMER,
        &[
            ("format-date-time(now(), '%d/%m/%Y %H:%M')", "01/07/2026 00:30"),
            ("format-date(today() + 1, '%d/%m/%Y %H:%M')", "02/07/2026 00:00"),
            ("format-date-time(now() - 1 div 24, '%d/%m %H:%M')", "30/06 23:30"),
        ],
    );
}

#[test]
fn nine_in_july_reads_as_nine_in_december_and_on_a_server_that_keeps_utc() {
    for season in [SUMMER, WINTER] {
        check_at(season, &[("format-date-time(${reported}, '%Y-%m-%d %H:%M')", "2026-07-01 09:00")]);
    }
}

#[test]
fn days_between_dates_are_whole_in_any_zone_and_midnight_is_the_date() {
    for offset_min in (-720..=840).step_by(15) {
        let now = Now { offset_min, ..WINTER };
        for (from, to, wanted) in
            [("1941-12-07", "2026-07-01", "30887"), ("1985-10-27", "2100-01-01", "41704")]
        {
            check_at(now, &[(&format!("date('{to}') - date('{from}')"), wanted)]);
            check_at(now, &[(&format!("date-time('{to}') = date('{to}')"), "true")]);
            check_at(now, &[(&format!("date(date('{to}') + 0) = date('{to}')"), "true")]);
        }
    }
}
