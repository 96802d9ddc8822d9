//! A council's field day, timed.
fn main() {}
