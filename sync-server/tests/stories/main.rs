//! Stories: real devices and a real server in one process, with named people and a seeded disorder between them.

mod disorder;
mod world;
