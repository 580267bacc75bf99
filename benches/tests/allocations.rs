//! Allocation counts are exact, so they are tested, not measured.
