//! A page of a gazetteer: one that went, one that changed, one that is new and in a flat above a shop.

use crate::gazetteer::{Address, Block, GazetteerPage, Standing};

pub fn page() -> GazetteerPage {
    let block = Block {
        usrn: Some(98_000_001),
        organisation: "Curlew Books".to_owned(),
        name: "Curlew House".to_owned(),
        street: "Larkspur Way".to_owned(),
        locality: "Fenmarket".to_owned(),
        town: "Upwick".to_owned(),
        postcode: "NR60 1AA".to_owned(),
    };
    let shop = Address {
        uprn: 980_000_000_002,
        unit: String::new(),
        unit_number: String::new(),
        number: "12-14".to_owned(),
        block: block.clone(),
        class: "CR08".to_owned(),
        standing: Standing::Approved,
        lat_e7: 526_285_000,
        lon_e7: 12_920_000,
    };
    let flat = Address {
        uprn: 980_000_000_003,
        unit: "Flat 3A".to_owned(),
        unit_number: "3A".to_owned(),
        block: Block { organisation: String::new(), usrn: None, ..block },
        class: "RD06".to_owned(),
        standing: Standing::Provisional,
        ..shop.clone()
    };
    GazetteerPage {
        area: "council".to_owned(),
        release: 3,
        since: 2,
        after: 980_000_000_000,
        through: Some(980_000_000_003),
        removed: vec![980_000_000_001, 980_000_000_002],
        added: vec![shop, flat],
    }
}
