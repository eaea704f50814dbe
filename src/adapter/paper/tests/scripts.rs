//! Letters and names in many scripts.
