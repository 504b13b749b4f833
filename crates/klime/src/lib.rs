//! Customer analytics for Klime.
