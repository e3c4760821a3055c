//! Score submission, row by row: what is taken, held and refused, who is right in a dispute, and what operators
//! correct.

mod gate;
mod model;
mod operators;
mod rows;
mod world;
