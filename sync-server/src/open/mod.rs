//! Cases for other programs: as files to take away, and as OGC API Features serves them.

mod geojson;
mod leaving;
mod states;

pub use geojson::{Crs, feature_json};
pub use leaving::{Format, Leaving, Left, write_to};
pub use states::is_closed;
