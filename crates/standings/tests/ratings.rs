//! Ratings against reference values, and what must hold whatever is played.

mod ratings {
    pub(crate) mod play;
    mod rules;
    mod vectors;
}
