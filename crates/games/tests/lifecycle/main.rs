//! What happens around the play itself, through the service: how games come to be, who is there, and once more.

mod apart;
mod attendance;
mod practice;
mod private;
mod random;
mod rematch;
mod world;
