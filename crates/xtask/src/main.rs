//! `cargo xtask`: everything a person does with this project by hand, as one word. It is the first thing built on
//! a new machine, so it needs nothing but Rust, and installs what the rest needs.

mod advisories;
mod area_pack;
mod check;
mod clock;
mod demo;
mod faults;
mod field;
mod fuzz;
mod install;
mod program;
mod python;
mod pyxform;
mod steps;

use program::say;
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask demo [--headless] [--built]
                                  a field day of a demonstration council, with the real programs
cargo xtask check                 everything that must hold before a change is sent in
cargo xtask sim [--seeds A..B] [--mutant NAME | --mutants [--late]]
                                  whole devices and a whole server under one seed; --late tries the slow mutants too
cargo xtask faults [PART…] [--points N] [--seed S] [--built]
                                  the real programs with disk, power and network failing, point by point
cargo xtask e2e [FILE…] [--built]
                                  the app's own window and the console, driven as a person would
cargo xtask fuzz [TARGET…] [--seconds N]
                                  expressions and workbooks twisted at random, a minute each
cargo xtask fleet [PHONES]        every phone of a council comes into the line at nine, three hundred unless you say
cargo xtask bench [PART]...       how fast a field day goes, against the same machine at its barest: form, first,
                                  day, edit, photo, gazetteer, fresh
cargo xtask pyxform               every shipped form, exported as a workbook, read by pyxform
cargo xtask area-pack FILE        a map to try things with: the areas of Norwich and invented streets, as PMTiles
cargo xtask addresses FILE        the addresses of its houses, as a table for `kerbside-server import gazetteer`
cargo xtask assets LAMPS BINS     its lamp columns and litter bins, as GeoJSON for `kerbside-server import assets`

--built takes the programs as they lie there, without looking whether they are up to date.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    let outcome = match command {
        "demo" => demo::demo(rest),
        "check" => check::check(),
        "e2e" => check::windows(rest),
        "faults" => faults::faults(rest),
        "kill" => faults::faults(&[&["kill".to_owned()], rest].concat()),
        "sim" => check::simulate(rest),
        "fleet" => check::fleet(rest),
        "bench" => check::bench(rest),
        "fuzz" => fuzz::fuzz(rest),
        "pyxform" => pyxform::pyxform(),
        "addresses" => area_pack::addresses(rest),
        "area-pack" => area_pack::area_pack(rest),
        "assets" => area_pack::assets(rest),
        compiler if compiler.ends_with("rustc") => match check::compile_for_the_simulator(compiler, rest) {
            Ok(true) => return ExitCode::SUCCESS,
            Ok(false) => return ExitCode::FAILURE,
            Err(reason) => Err(reason),
        },
        "help" | "--help" | "-h" => {
            say(USAGE);
            return ExitCode::SUCCESS;
        }
        unknown => {
            say(format!("There is no `cargo xtask {unknown}`.\n{USAGE}"));
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            say(format!("\nStopped: {reason:#}"));
            ExitCode::FAILURE
        }
    }
}
