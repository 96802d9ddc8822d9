//! The addresses of the houses on the map, one a line: numbers of properties, streets and postcodes are as invented as they.

use super::names;
use super::town::Town;
use std::fmt::Write as _;

/// Beyond any that has been given to a property or to a street.
const FIRST_UPRN: usize = 980_000_000_001;
const FIRST_USRN: usize = 98_000_001;
const HOUSES_TO_A_POSTCODE: usize = 24;
/// Those that a postcode's last two may be.
const LETTERS: &[u8] = b"ABDEFGHJLNPQRSTUWXYZ";

pub fn table(town: &Town) -> String {
    let mut table = "uprn,usrn,number,street,town,postcode,lat,lon\n".to_owned();
    for (at, home) in town.homes.iter().enumerate() {
        let [lon, lat] = home.at;
        let (uprn, usrn) = (FIRST_UPRN + at, FIRST_USRN + home.street);
        let street = names::street(home.street);
        let postcode = postcode(home.area, home.street, home.number);
        writeln!(table, "{uprn},{usrn},{},{street},Norwich,{postcode},{lat:.6},{lon:.6}", home.number).ok();
    }
    table
}

/// Of a district that there is not.
fn postcode(area: usize, street: usize, number: usize) -> String {
    let letter = |at: usize| char::from(LETTERS.get(at % LETTERS.len()).copied().unwrap_or(b'A'));
    let [first, second] = [letter(street), letter(street / LETTERS.len() + number / HOUSES_TO_A_POSTCODE)];
    format!("NR{} {}{first}{second}", 60 + area / 10, area % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_house_has_a_number_of_its_own_in_its_street() {
        let table = table(&super::super::town().unwrap());
        let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split(',').collect()).collect();
        assert!((5_000..60_000).contains(&rows.len()), "{} addresses", rows.len());
        assert!(rows.iter().all(|row| row.len() == 8));
        let numbers: BTreeSet<_> = rows.iter().map(|row| (row[3], row[2])).collect();
        assert_eq!(numbers.len(), rows.len());
        let places: BTreeSet<_> = rows.iter().map(|row| (row[6], row[7])).collect();
        assert_eq!(places.len(), rows.len());
    }
}
