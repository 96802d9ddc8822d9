//! What only the machine has: a camera and a sense of place. Components of the page never ask for them directly.

mod best;
mod camera;
mod network;
mod nmea;
mod position;
#[cfg(any(mobile, test))]
mod receiver;

pub use best::Best;
pub use camera::{Pictures, allow_camera, mock_camera};
pub use network::network;
pub use position::Position;
