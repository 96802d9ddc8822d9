//! A server whose files were put back from a copy, with the epoch they had: nobody told it, and the numbers of its log
//! are given out again.

use kerbside_core::exchange::Paging;

use super::each;
use super::phone::Phone;
use crate::values;

const ANN: &str = "ann@example.gov.uk";
const BOB: &str = "bob@example.gov.uk";

#[test]
fn whoever_read_what_is_no_longer_there_is_filled_anew_and_nobody_else() {
    each(|store, _| {
        let (mut ann, mut bob) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2));
        ann.reports("Mile Cross Road");
        ann.exchanges(store);
        bob.exchanges(store);
        assert_eq!(bob.exchanges(store).paging, Paging::Log);
        ann.reports("Aylsham Road");
        ann.exchanges(store);
        bob.exchanges(store);
        assert_eq!(bob.exchanges(store).paging, Paging::Log);
        // Another change came to the same number.
        let newest = store.newest_seq().unwrap();
        let other = "UPDATE log SET received_at = received_at + 7 WHERE seq = $1";
        store.connection.execute(other, values![newest]).unwrap();
        assert_eq!(bob.exchanges(store).paging, Paging::Whole);
        assert_eq!(bob.exchanges(store).paging, Paging::Log);
        // Or none did yet.
        let back = "UPDATE council SET seq = seq - 1";
        store.connection.execute(back, &[]).unwrap();
        assert_eq!(bob.exchanges(store).paging, Paging::Whole);
    });
}

#[test]
fn a_cursor_at_an_entry_that_was_cut_goes_on() {
    each(|store, _| {
        let (mut ann, mut bob) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2));
        ann.reports("Mile Cross Road");
        ann.exchanges(store);
        bob.exchanges(store);
        store.connection.execute("DELETE FROM log", &[]).unwrap();
        assert_eq!(bob.exchanges(store).paging, Paging::Log);
    });
}
