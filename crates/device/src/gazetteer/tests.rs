use super::*;
use crate::store::Gazetteers;
use kerbside_core::gazetteer::{Content, PAGE_ROWS, invented};
use kerbside_core::ids::Sha256;
use zeroize::Zeroizing;

fn rows(numbers: std::ops::Range<u64>) -> Vec<Address> {
    numbers.map(invented::address).collect()
}

fn hash_of(addresses: &[Address]) -> Sha256 {
    let mut content = Content::default();
    addresses.iter().for_each(|address| content.add(address.mark()));
    content.hash()
}

/// The pages from one list of addresses to another, as a server sends them.
fn pages(release: u32, (since, old): (u32, &[Address]), new: &[Address]) -> Vec<GazetteerPage> {
    let added: Vec<Address> = new.iter().filter(|address| !old.contains(address)).cloned().collect();
    let removed: Vec<u64> =
        old.iter().filter(|address| !new.contains(address)).map(|address| address.uprn).collect();
    let mut pages = Vec::new();
    let (mut after, mut added) = (0, added.as_slice());
    loop {
        let (page, rest) = added.split_at(added.len().min(PAGE_ROWS));
        let through = rest.first().map(|next| next.uprn - 1);
        let goes = |uprn: &&u64| after < **uprn && through.is_none_or(|through| **uprn <= through);
        let removed = removed.iter().filter(goes).copied().collect();
        let area = "council".to_owned();
        pages.push(GazetteerPage { area, release, since, after, through, removed, added: page.to_vec() });
        let Some(through) = through else { return pages };
        (after, added) = (through, rest);
    }
}

fn lines(gazetteers: &Gazetteers, typed: &str) -> Vec<String> {
    gazetteers.search(typed, 10).unwrap().iter().map(|hit| hit.line.clone()).collect()
}

#[test]
fn a_release_is_seen_with_its_last_page_and_the_next_comes_as_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let place = || Some((folder.path().join("gazetteer.db"), Zeroizing::new([7; 32])));
    let gazetteers = Gazetteers::at(place());
    let first = rows(0..PAGE_ROWS as u64 * 2 + 5);
    let wanted = invented::address(12).line();
    let all = pages(1, (0, &[]), &first);
    assert_eq!(all.len(), 3);
    for (number, page) in all.iter().enumerate() {
        assert_eq!(lines(&gazetteers, &wanted), Vec::<String>::new(), "nothing is seen before all is here");
        // Whoever breaks off goes on at the page that is missing.
        let again = Gazetteers::at(place());
        let asked = again.wanted("council", 1).unwrap();
        assert_eq!((asked.since, asked.after), (0, page.after));
        assert_eq!(again.take(page, hash_of(&first)).unwrap(), number == 2);
    }
    assert_eq!(lines(&gazetteers, &wanted)[0], wanted);
    let mut second = rows(3..PAGE_ROWS as u64 * 2 + 9);
    second[9].block.street = "Renamed Walk".into();
    let changes = pages(2, (1, &first), &second);
    assert_eq!(gazetteers.wanted("council", 2).unwrap().since, 1);
    assert!(gazetteers.take(&changes[0], hash_of(&second)).unwrap());
    assert!(!lines(&gazetteers, &wanted).contains(&wanted), "it is called something else now");
    assert_eq!(lines(&gazetteers, &invented::address(12).uprn.to_string()), ["13 Renamed Walk"]);
    assert_eq!(gazetteers.held().unwrap()[0].2, hash_of(&second));
    let bytes = std::fs::read(folder.path().join("gazetteer.db")).unwrap();
    assert!(!bytes.starts_with(b"SQLite format") && !bytes.windows(8).any(|seen| seen == b"Larkspur"));
}

#[test]
fn what_does_not_add_up_is_forgotten_and_fetched_again() {
    let gazetteers = Gazetteers::at(None);
    let first = rows(0..30);
    let page = pages(1, (0, &[]), &first).remove(0);
    assert!(gazetteers.take(&page, Sha256([9; 32])).is_err());
    assert_eq!(gazetteers.held().unwrap(), []);
    assert!(gazetteers.take(&page, hash_of(&first)).unwrap());
    let skipping = GazetteerPage { release: 2, since: 1, after: 5, ..page };
    assert!(gazetteers.take(&skipping, hash_of(&first)).is_err(), "a page that was not asked for");
    assert_eq!(gazetteers.held().unwrap().len(), 1, "what stands stays");
}

#[test]
fn a_server_that_was_put_back_is_followed_from_nothing() {
    let gazetteers = Gazetteers::at(None);
    let (late, early) = (rows(0..30), rows(0..20));
    assert!(gazetteers.take(&pages(5, (0, &[]), &late)[0], hash_of(&late)).unwrap());
    assert!(gazetteers.take(&pages(3, (0, &[]), &early)[0], hash_of(&early)).unwrap());
    let held = gazetteers.held().unwrap();
    assert_eq!((held[0].1, held[0].2), (3, hash_of(&early)));
    let gone = invented::address(25);
    assert!(gazetteers.search(&gone.uprn.to_string(), 5).unwrap().is_empty());
}

#[test]
fn a_damaged_file_is_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gazetteer.db");
    std::fs::write(&file, vec![7; 8_192]).unwrap();
    let gazetteers = Gazetteers::at(Some((file, Zeroizing::new([7; 32]))));
    assert_eq!(gazetteers.held().unwrap(), []);
    let first = rows(0..3);
    assert!(gazetteers.take(&pages(1, (0, &[]), &first)[0], hash_of(&first)).unwrap());
}
