//! What the bench promises, signal by signal.
