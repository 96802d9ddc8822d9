//! Gazetteers: brought in, compared, searched and told as what changed, on both databases.

use std::collections::BTreeMap;

use kerbside_core::gazetteer::source::Piece;
use kerbside_core::gazetteer::{Address, Content, GazetteerPage, PAGE_ROWS, invented};

use super::super::gazetteer::{Bringing, Brought, Staging};
use super::*;

fn staged(addresses: impl IntoIterator<Item = Address>) -> Staging {
    let mut staging = Staging::new().unwrap();
    for (line, address) in (1..).zip(addresses) {
        assert_eq!(staging.put(line, &Piece::Whole(Box::new(address))).unwrap(), None);
    }
    staging
}

fn bring(store: &mut Store, addresses: impl IntoIterator<Item = Address>) -> Brought {
    let bringing = Bringing { area: "council", source: "invented", now_ms: NOW };
    store.bring_gazetteer(&staged(addresses), &bringing).unwrap()
}

/// What a device holds after it has taken every page since a release.
fn follow(store: &mut Store, held: &mut BTreeMap<u64, Address>, since: u32) -> u32 {
    let ann = ann(store);
    let offers = super::super::gazetteer::offers(&mut store.connection, &ann).unwrap();
    let (offer, mut after) = (offers.first().unwrap().clone(), 0);
    let mut pages = 0;
    loop {
        let page = store.gazetteer_page(&ann, ("council", offer.version), (since, after)).unwrap().unwrap();
        let GazetteerPage { through, removed, added, since: from, .. } = page;
        if from == 0 && after == 0 {
            held.clear();
        }
        for uprn in removed {
            assert!(held.remove(&uprn).is_some());
        }
        for address in added {
            assert!(held.insert(address.uprn, address).is_none());
        }
        pages += 1;
        let Some(through) = through else { break };
        assert!(after < through);
        after = through;
    }
    let mut content = Content::default();
    held.values().for_each(|address| content.add(address.mark()));
    assert_eq!(content.hash(), offer.sha256, "what is held is what was offered");
    pages
}

#[test]
fn a_release_is_followed_by_its_differences_and_comes_to_the_same() {
    each(|store, _| {
        let rows = PAGE_ROWS as u64 * 2 + 7;
        let first = bring(store, (0..rows).map(invented::address));
        assert_eq!((first.release, first.added, first.addresses), (1, rows, rows));
        let mut held = BTreeMap::new();
        assert_eq!(follow(store, &mut held, 0), 3);
        assert_eq!(held.len() as u64, rows);
        let next = |number| {
            let mut address = invented::address(number);
            if number % 500 == 3 {
                address.block.street = "Renamed Walk".into();
            }
            address
        };
        let second = bring(store, (5..rows + 9).map(next));
        assert_eq!((second.release, second.added, second.changed, second.gone), (2, 9, 4, 5));
        let mut late = BTreeMap::new();
        assert_eq!(follow(store, &mut held, 1), 1, "18 differences are one page");
        assert_eq!(follow(store, &mut late, 0), 3);
        assert_eq!(held, late);
        let found = store.search_addresses("renamed walk", 20).unwrap();
        assert_eq!(found.iter().filter(|hit| hit.uprn.is_some()).count(), 4);
        let ann = ann(store);
        for gone in [("council", 1), ("elsewhere", 1)] {
            assert!(store.gazetteer_page(&ann, gone, (0, 0)).unwrap().is_none());
        }
    });
}

#[test]
fn until_the_new_one_stands_the_old_one_is_found_and_what_broke_off_leaves_nothing() {
    each(|store, _| {
        bring(store, (0..80).map(invented::address));
        let old = store.search_addresses("12 larkspur way", 3).unwrap();
        let hurt = |connection: &mut Connection| {
            connection.execute("UPDATE gazetteer_address SET until = 2 WHERE uprn < 990000000020", &[])?;
            connection.execute(
                "INSERT INTO gazetteer_address (uprn, area, since, block, unit, unit_number, number, lat, lon, cell, mark) \
                 SELECT uprn, area, 2, block, unit, unit_number, '99', lat, lon, cell, 1 FROM gazetteer_address",
                &[],
            )
        };
        hurt(&mut store.connection).unwrap();
        assert_eq!(store.search_addresses("12 larkspur way", 3).unwrap(), old);
        let again = bring(store, (0..81).map(invented::address));
        assert_eq!((again.release, again.added, again.changed, again.unchanged), (2, 1, 0, 80));
        assert_eq!(store.search_addresses("12 larkspur way", 3).unwrap(), old);
        follow(store, &mut BTreeMap::new(), 0);
    });
}

#[test]
fn addresses_are_found_as_in_memory_whatever_lies_beneath() {
    each(|store, scratch| {
        bring(store, (0..4_000).map(invented::address));
        for number in [0, 7, 35, 399, 1_204, 3_999] {
            let wanted = invented::address(number);
            let slipped = wanted.text().replacen("ar", "ra", 1);
            for typed in [wanted.text(), wanted.text().to_lowercase(), wanted.uprn.to_string(), slipped] {
                let hits = store.search_addresses(&typed, 10).unwrap();
                let found = hits.first().and_then(|hit| hit.uprn.clone());
                assert_eq!(found, Some(wanted.uprn.to_string()), "{}: {typed}", scratch.name);
            }
            let near = store.nearest_address(wanted.lat_e7 + 200, wanted.lon_e7).unwrap().unwrap();
            assert_eq!((near.hit.line, near.metres), (wanted.line(), 2));
        }
        assert!(store.search_addresses("zzzz", 10).unwrap().is_empty());
        assert_eq!(store.nearest_address(0, 0).unwrap(), None);
    });
}

#[test]
fn a_property_without_an_address_is_told_by_its_line() {
    use kerbside_core::gazetteer::source::{Profile, Source};
    let lines = [
        r#"21,"I",1,7001,1,2,,,,,52.6285,1.2920,1,2625,"E",,,,,"D","NR1 1AA",0"#,
        r#"24,"I",2,7001,"k","ENG",1,,,,,,"",,"","",12,"",,"","",90000001,"1""#,
        r#"15,"I",3,90000001,"MILL LANE","","NORWICH","NORFOLK","ENG""#,
        r#"21,"I",4,7002,1,2,,,,,52.6285,1.2920,1,2625,"E",,,,,"D","NR1 1AA",0"#,
        r#"24,"I",5,7003,"k","ENG",1,,,,,,"",,"","",13,"",,"","",90000001,"1""#,
        r#"24,"I",6,7001,"k","CYM",1,,,,,,"",,"","",12,"",,"","",90000001,"1""#,
        r#"32,"I",7,7001,"k","RD04","AddressBase Premium Classification Scheme""#,
        r#"31,"I",8,7001,"k","MARDLE BAKERY","",,"#,
    ];
    each(|store, _| {
        let (mut source, mut staging) = (Source::new(Profile::AddressbasePremium), Staging::new().unwrap());
        for (line, text) in (1..).zip(lines) {
            let piece = source.read(text.as_bytes()).unwrap().unwrap();
            assert_eq!(staging.put(line, &piece).unwrap(), None);
        }
        let mut told = Vec::new();
        let compared = store
            .compare_gazetteer(&staging, "council", &mut |line, why| {
                told.push((line, why.to_owned()));
                Ok(())
            })
            .unwrap();
        assert_eq!((compared.added, compared.unwritten, compared.release), (1, 2, 0));
        let reasons =
            ["no address of it is in the file", "its property is not in the file"].map(str::to_owned);
        assert_eq!(told, [4, 5].into_iter().zip(reasons).collect::<Vec<_>>());
        store.bring_gazetteer(&staging, &Bringing { area: "council", source: "", now_ms: NOW }).unwrap();
        let hit = store.search_addresses("mardle", 3).unwrap().remove(0);
        assert_eq!(hit.text(), "Mardle Bakery, 12 Mill Lane, Norwich, NR1 1AA");
    });
}
