//! The modes as they stand now, for everybody who asks.

use std::sync::{Arc, PoisonError, RwLock};

use crate::mode::Catalogue;

/// Holds the catalogue of the moment. Readers take an `Arc` of it and are never in the way of a change.
#[derive(Debug)]
pub struct ModeBook {
    now: RwLock<Arc<Catalogue>>,
}

impl ModeBook {
    /// A book open at this catalogue.
    #[must_use]
    pub fn new(catalogue: Catalogue) -> Arc<Self> {
        Arc::new(Self { now: RwLock::new(Arc::new(catalogue)) })
    }

    /// The modes as they stand.
    #[must_use]
    pub fn now(&self) -> Arc<Catalogue> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }
}
