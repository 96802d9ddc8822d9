//! What only the machine has: a camera and a sense of place. Components of the page never ask for them directly.

mod camera;
mod nmea;
mod position;

pub use camera::{allow_camera, mock_camera};
pub use position::Position;
