use proptest::prelude::*;

use super::*;

const BLPU: &str = r#"21,"I",1,100091000001,1,2,2001-01-01,,622890.43,308503.97,52.6285,1.2920,1,2625,"E",2001-01-01,,2020-01-01,2001-01-01,"D","NR1 1AA",0"#;
const LPI: &str = r#"24,"I",2,100091000001,"2625L000000001","ENG",1,2001-01-01,,2020-01-01,2001-01-01,,"",,"","FLAT 3",12,"A",14,"","ROSE HOUSE",90000001,"1","","","Y""#;
const STREET: &str =
    r#"15,"I",3,90000001,"MILL LANE","EATON","NORWICH","NORFOLK","ENG",2001-01-01,,2020-01-01,2001-01-01"#;

fn read(profile: Profile, lines: &[&str]) -> Vec<Result<Option<Piece>, Reason>> {
    let mut source = Source::new(profile);
    lines.iter().map(|line| source.read(line.as_bytes())).collect()
}

fn one(profile: Profile, line: &str) -> Result<Option<Piece>, Reason> {
    read(profile, &[line]).pop().unwrap()
}

fn whole(lines: &[&str]) -> Address {
    match read(Profile::Csv, lines).pop().unwrap() {
        Ok(Some(Piece::Whole(address))) => *address,
        other => panic!("no address: {other:?}"),
    }
}

#[test]
fn records_of_addressbase_say_where_a_property_is_and_how_it_is_called() {
    let Ok(Some(Piece::Property(property))) = one(Profile::AddressbasePremium, BLPU) else {
        panic!("no property")
    };
    assert_eq!((property.uprn, property.lat_e7, property.lon_e7), (100_091_000_001, 526_285_000, 12_920_000));
    assert_eq!(property.postcode, "NR1 1AA");
    let Ok(Some(Piece::Written(written))) = one(Profile::AddressbasePremium, LPI) else {
        panic!("not written")
    };
    assert_eq!(
        (written.unit.as_str(), written.name.as_str(), written.number.as_str()),
        ("Flat 3", "Rose House", "12A-14")
    );
    let Ok(Some(Piece::Street { street, locality, .. })) = one(Profile::AddressbasePremium, STREET) else {
        panic!("no street")
    };
    assert_eq!((street.as_str(), locality.as_str()), ("Mill Lane", "Eaton"));
    for not_needed in ["10,\"NAG Hub\",9999", "23,I,1,1,x", "99,0,1"] {
        assert_eq!(one(Profile::AddressbasePremium, not_needed), Ok(None));
    }
}

#[test]
fn a_line_that_will_not_do_says_why() {
    for (line, why) in [
        (BLPU.replace("100091000001", "1000910000011"), "the UPRN is no number of 1 to 12 digits"),
        (BLPU.replace("100091000001,1,2", "100091000001,4,2"), "a status nobody knows, 4"),
        (BLPU.replace("52.6285", "2.6285"), "it is not in the British Isles"),
        (BLPU.replace("NR1 1AA", "NORWICH"), "‘NORWICH’ is no postcode"),
        (BLPU.replace("\"E\"", "\"E"), "a quotation mark is out of place"),
        (format!("{BLPU}{}", ",".repeat(200)), "the line has too many fields"),
        ("77,I,1".to_owned(), "no record begins with ‘77’"),
        (LPI.replace("90000001", "x"), "the USRN is no number of 1 to 8 digits"),
        ("x".repeat(LINE_LIMIT + 1), "the line is too long"),
    ] {
        assert_eq!(one(Profile::AddressbasePremium, &line), Err(why.into()));
    }
}

#[test]
fn a_line_after_a_broken_one_reads_as_ever() {
    let lines = [r#"21,"never closed"#, BLPU];
    let read = read(Profile::AddressbasePremium, &lines);
    assert!(read[0].is_err() && matches!(read[1], Ok(Some(Piece::Property(_)))));
}

#[test]
fn headings_of_an_export_go_before_what_is_generally_written() {
    let headings =
        "RECORD_IDENTIFIER,CHANGE_TYPE,PRO_ORDER,UPRN,LATITUDE,LONGITUDE,LOGICAL_STATUS,BLPU_CLASS,POSTCODE";
    let row = "21,I,1,77,52.6285,1.2920,1,RD04,nr11aa";
    let Ok(Some(Piece::Property(property))) = read(Profile::Dtf, &[headings, row]).pop().unwrap() else {
        panic!("no property")
    };
    assert_eq!((property.uprn, property.class.as_str(), property.postcode.as_str()), (77, "RD04", "NR1 1AA"));
}

#[test]
fn a_place_on_the_national_grid_is_where_its_degrees_are() {
    let degrees = whole(&["uprn,address,lat,lon", "5,\"12 Elm Road, Norwich\",52.6285,1.2920"]);
    let metres = whole(&["uprn,address,x,y", "5,\"12 Elm Road, Norwich\",622890.43,308503.97"]);
    assert!((degrees.lat_e7 - metres.lat_e7).abs() < 3 && (degrees.lon_e7 - metres.lon_e7).abs() < 3);
    for (x, y) in [("0", "0"), ("-1", "5"), ("900000", "5"), ("", "5")] {
        let lines = ["uprn,address,x,y", &format!("5,\"12 Elm Road, Norwich\",{x},{y}")];
        assert!(read(Profile::Csv, &lines)[1].is_err());
    }
}

#[test]
fn open_uprn_has_places_and_no_addresses() {
    let lines =
        ["UPRN,X_COORDINATE,Y_COORDINATE,LATITUDE,LONGITUDE", "1,358260.66,172796.5,51.4526038,-2.6020703"];
    let Ok(Some(Piece::Whole(address))) = read(Profile::OpenUprn, &lines).pop().unwrap() else {
        panic!("no place")
    };
    assert_eq!((address.uprn, address.lat_e7, address.text().as_str()), (1, 514_526_038, ""));
}

#[test]
fn a_table_of_ones_own_has_its_parts_in_columns_or_in_one() {
    let apart = whole(&[
        "uprn,usrn,flat,number,street,town,postcode,lat,lon",
        "12,9001,Flat 2,14B,ELM ROAD,NORWICH,nr11aa,52.6,1.3",
    ]);
    assert_eq!(apart.text(), "Flat 2, 14B Elm Road, Norwich, NR1 1AA");
    for text in [
        "12 Larkspur Way, Norwich, NR1 1AA",
        "Flat 3, Rose House, 12-14 Mill Lane, Eaton, Norwich, NR4 6AB",
        "The Old Barn, Church Road, Acle",
        "Church Road, Acle",
        "Rose House, 1st Avenue, Acle",
    ] {
        let row = format!("5,\"{text}\",52.6,1.3\r\n");
        assert_eq!(whole(&["\u{feff}UPRN,Address,Latitude,Longitude", &row]).text(), text);
    }
    assert!(one(Profile::Csv, "5,12 Elm Road").is_err(), "nobody said which column is which");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(line in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..200) {
        for profile in [Profile::AddressbasePremium, Profile::Dtf, Profile::OpenUprn, Profile::Csv] {
            let mut source = Source::new(profile);
            let _first = source.read(b"uprn,address,lat,lon");
            let mut twisted = LPI.as_bytes().to_vec();
            twisted.splice(at.min(LPI.len()).., line.clone());
            for line in [&line, &twisted] {
                if let Ok(Some(Piece::Whole(address))) = source.read(line) {
                    prop_assert!(address.uprn <= 999_999_999_999);
                }
            }
        }
    }
}
