//! Texts and patterns.

use super::{WINTER, check, outcome_at};
use crate::value::TEXT_LIMIT;

#[test]
fn putting_together() {
    check(&[
        ("concat()", ""),
        ("concat('a','b','')", "ab"),
        ("concat('ab','cde','','fgh',1,false(),'ijklmnop')", "abcdefgh1falseijklmnop"),
        ("concat(${rows}, '-', ${gaps})", "123-2x5"),
        ("concat(${norows})", ""),
        ("join(', ', 'a', 'b', 'c')", "a, b, c"),
        ("join(' ', ${rows})", "1 2 3"),
        ("join('-', ${gaps})", "-2-x-5"),
        ("join('-', 0, ${rows}, true())", "0-1-2-3-true"),
        ("join('-', ${norows})", ""),
        ("join('-')", ""),
        ("join('', 'a', 'b')", "ab"),
    ]);
}

#[test]
fn taking_apart() {
    check(&[
        ("substr('hello',0)", "hello"),
        ("substr('hello',0,5)", "hello"),
        ("substr('hello',1)", "ello"),
        ("substr('hello',1,4)", "ell"),
        ("substr('hello',-2)", "lo"),
        ("substr('hello',0,-1)", "hell"),
        ("substr('hello',-99,99)", "hello"),
        ("substr('hello',3,1)", ""),
        ("substr('Caffè bar',4,7)", "è b"),
        ("substr('hello','x')", "hello"),
        ("substr(${blank},1,2)", ""),
        ("substring('12345', 2, 3)", "234"),
        ("substring('12345', 2)", "2345"),
        ("substring('12345', 1.5, 2.6)", "234"),
        ("substring('12345', 0, 3)", "12"),
        ("substring('12345', 0 div 0, 3)", ""),
        ("substring('12345', 1, 0 div 0)", ""),
        ("substring('12345', -42, 1 div 0)", "12345"),
        ("substring('12345', -1 div 0, 1 div 0)", ""),
        ("substring-before('hello','l')", "he"),
        ("substring-before('hello','q')", ""),
        ("substring-before('hello','')", ""),
        ("substring-before('','q')", ""),
        ("substring-before('1999/04/01','/')", "1999"),
        ("substring-after('hello','l')", "lo"),
        ("substring-after('hello','q')", ""),
        ("substring-after('hello','')", "hello"),
        ("substring-after('','')", ""),
        ("substring-after('1999/04/01','/')", "04/01"),
    ]);
}

#[test]
fn changing() {
    check(&[
        ("translate('hello','l','L')", "heLLo"),
        ("translate('hello','q','Q')", "hello"),
        ("translate('hello','','L')", "hello"),
        ("translate('hello','l','')", "heo"),
        ("translate('','l','L')", ""),
        ("translate('hello','lo','LO')", "heLLO"),
        ("translate('hello world','hello','')", " wrd"),
        ("translate('hello wor,ld',' ,',', ')", "hello,wor ld"),
        ("translate('2019/01/02','/','-')", "2019-01-02"),
        ("translate('--aaa--','abc-','ABC')", "AAA"),
        ("translate('aa','aa','xy')", "xx"),
        ("normalize-space('  a \t b  ')", "a b"),
        ("normalize-space('')", ""),
        ("lower-case('ABc Ŵ')", "abc ŵ"),
        ("upper-case('abC ŵ')", "ABC Ŵ"),
        ("string(true())", "true"),
        ("string(number('NaN'))", "NaN"),
        ("string(-1 div 0)", "-Infinity"),
        ("string(-0)", "0"),
        ("string(123456.0000)", "123456"),
        ("string(.557586)", "0.557586"),
        ("string(1230000000000000000000)", "1230000000000000000000"),
        ("string(date('1989-11-09'))", "1989-11-09"),
        ("string(${rows})", "1"),
    ]);
}

#[test]
fn comparing() {
    check(&[
        ("contains('a', 'a')", "true"),
        ("contains('abc', 'bcd')", "false"),
        ("contains('abc', '')", "true"),
        ("contains('', 'a')", "false"),
        ("starts-with('abc', 'a')", "true"),
        ("starts-with('', 'a')", "false"),
        ("starts-with('', '')", "true"),
        ("ends-with('abc', 'a')", "false"),
        ("ends-with('abc', 'c')", "true"),
        ("ends-with('', '')", "true"),
        ("string-length('Caffè 🥰')", "7"),
        ("string-length('')", "0"),
        ("string-length(1.50)", "3"),
        ("regex('12345','[0-9]+')", "true"),
        ("regex('a12345','[0-9]+')", "false"),
        ("regex('ab','a|ab')", "true"),
        ("regex('','.*')", "true"),
        ("regex('a', concat('[', ''))", "false"),
        ("regex('M1 1AA', '[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}')", "true"),
    ]);
}

#[test]
fn a_text_that_grows_stops_at_the_limit_between_two_letters() {
    for source in [
        "upper-case(translate(uuid(16384), '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'ŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉ'))",
        "concat(uuid(16384), uuid(16384))",
        "join(uuid(9000), uuid(9000), uuid(9000))",
        "format-date(0, translate(uuid(16384), '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', '€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€'))",
    ] {
        let length = outcome_at(source, WINTER).text().len();
        assert!(TEXT_LIMIT - 3 < length && length <= TEXT_LIMIT, "{source}: {length}");
    }
}

#[test]
fn a_pattern_that_would_take_too_much_room_matches_nothing() {
    check(&[
        ("regex('a', concat('(a{1000}){1000}', ''))", "false"),
        ("regex(translate(uuid(16384), 'B', 'A'), concat('(.*)*(.*)*x', ''))", "false"),
    ]);
}
