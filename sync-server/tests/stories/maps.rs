//! A map on its way from the council's disk to a phone, over a real socket that breaks.

use std::cell::Cell;
use std::path::Path;

use clap::Parser;
use kerbside_device::clock::{self, Reading};
use kerbside_device::keys::KeyStoreKind;
use kerbside_device::{Device, Enrolment, MapHere, MapName, Shelf, Vault, fetch_maps, sync};
use kerbside_server::cli::{Cli, run};
use kerbside_server::config::{Home, Listen};
use kerbside_server::serve::{self, Running};

const PIECE: u64 = 512 * 1024;

pub struct Town {
    pub home: Home,
    pub folder: tempfile::TempDir,
    pub running: Running,
    _runtime: tokio::runtime::Runtime,
}

/// The demonstration council, served.
pub fn town() -> Town {
    let folder = tempfile::tempdir().unwrap();
    let home = Home { data: folder.path().join("server"), database: None, ledger: None };
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/councils/demo.json");
    admin(&home, &["admin", "council", "load", &schemas.to_string_lossy()]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listen = Listen { bind: "127.0.0.1:0".parse().unwrap(), tls_cert: None, tls_key: None };
    let running = runtime.block_on(serve::start(&home, &listen)).unwrap();
    Town { home, folder, running, _runtime: runtime }
}

pub fn admin(home: &Home, arguments: &[&str]) {
    let data = home.data.to_string_lossy();
    let all = ["kerbside-server", "--data", &data].into_iter().chain(arguments.iter().copied());
    let done = run(Cli::try_parse_from(all).unwrap());
    assert_eq!(format!("{done:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
}

impl Town {
    fn imports(&self, bytes: &[u8], area: &[&str]) {
        let file = self.folder.path().join("norwich.pmtiles");
        std::fs::write(&file, bytes).unwrap();
        let file = file.to_string_lossy();
        let areas = area.iter().flat_map(|area| ["--area", area]);
        let arguments: Vec<&str> = ["import", "area-pack", &file].into_iter().chain(areas).collect();
        admin(&self.home, &arguments);
    }

    pub fn phone(&self) -> Vault {
        let mut store = self.home.place().unwrap().open().unwrap();
        let (ann, _) = store.officer_by_email("ann@example.gov.uk").unwrap().unwrap();
        let code = store.make_device_code(&ann, clock::now().wall_ms).unwrap().code;
        let enrolment = Enrolment {
            server_url: &self.running.url,
            code: &code,
            pin: "246813",
            ca_pem: None,
            key_store: Some(KeyStoreKind::File),
        };
        Device::enrol(&self.folder.path().join("phone"), enrolment).unwrap()
    }

    fn read(&self, map: &MapHere) -> Vec<u8> {
        let name: MapName = map.file.as_ref().unwrap().parse().unwrap();
        Shelf::beside(&self.folder.path().join("phone")).read(&name, 0, 4 * 1024 * 1024).unwrap()
    }
}

/// A map with so many bytes of tiles.
fn pack(tiles: u64, filling: u8) -> Vec<u8> {
    let described = br#"{"name":"Norwich","vector_layers":[{"id":"road"}]}"#;
    let long = described.len() as u64;
    let mut out = b"PMTiles\x03".to_vec();
    for part in [127, 1, 128, long, 128, 0, 128 + long, tiles] {
        out.extend(part.to_le_bytes());
    }
    out.extend([0; 24]);
    out.extend([1, 1, 1, 1, 10, 15]);
    for degrees in [1.2_f64, 52.5, 1.4, 52.7] {
        out.extend(((degrees * 1e7) as i32).to_le_bytes());
    }
    out.extend([0; 10]);
    out.extend(described);
    out.resize(out.len() + usize::try_from(tiles).unwrap(), filling);
    out
}

/// So many pieces, and then there is no time left.
fn fetch(vault: &mut Vault, pieces: i64) -> kerbside_device::MapsFetched {
    let asked = Cell::new(0);
    let now = || {
        asked.set(asked.get() + 1);
        Reading::at(asked.get())
    };
    fetch_maps(vault, Some(pieces + 1), &now).unwrap()
}

#[test]
fn a_map_comes_in_pieces_goes_on_where_it_broke_off_and_costs_no_byte_twice() {
    let town = town();
    let mut ann = town.phone();
    let first = pack(1_300_000, 1);
    town.imports(&first, &[]);
    sync(&mut ann, None, &clock::now).unwrap();
    let cut = fetch(&mut ann, 1);
    assert_eq!((cut.bytes_down, cut.broke_off, cut.finished), (PIECE, true, 0));
    let here = ann.maps().unwrap().remove(0);
    assert_eq!((here.held, here.file), (PIECE, None), "half a map is not shown");
    let rest = fetch(&mut ann, 100);
    assert_eq!((rest.bytes_down, rest.finished), (first.len() as u64 - PIECE, 1));
    assert!(town.read(&ann.maps().unwrap()[0]) == first);
    assert_eq!(fetch(&mut ann, 100).bytes_down, 0);

    let second = pack(700_000, 2);
    town.imports(&second, &[]);
    sync(&mut ann, None, &clock::now).unwrap();
    fetch(&mut ann, 1);
    let between = ann.maps().unwrap().remove(0);
    assert_eq!((between.pack.version, between.held), (2, PIECE));
    assert!(town.read(&between) == first, "the old map stays until the new one is whole");
    assert_eq!(fetch(&mut ann, 100).deleted, 1);
    assert!(town.read(&ann.maps().unwrap()[0]) == second);
}

#[test]
fn a_map_leaves_a_phone_whose_officer_works_elsewhere_now() {
    let town = town();
    let mut ann = town.phone();
    town.imports(&pack(1000, 1), &["riverside"]);
    sync(&mut ann, None, &clock::now).unwrap();
    assert_eq!(fetch(&mut ann, 100).finished, 1);
    let moved =
        ["--email", "ann@example.gov.uk", "--name", "Ann", "--role", "officer", "--area", "elsewhere"];
    admin(&town.home, &[&["admin", "officer", "add"], moved.as_slice()].concat());
    sync(&mut ann, None, &clock::now).unwrap();
    assert_eq!(fetch(&mut ann, 100).deleted, 1);
    assert!(ann.maps().unwrap().is_empty());
    let left = std::fs::read_dir(town.folder.path().join("phone/maps")).unwrap().count();
    assert_eq!(left, 0);
}
