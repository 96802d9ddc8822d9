//! `kerbside`: the device without a screen.

fn main() {}
