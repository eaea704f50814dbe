//! What can be typed, and what is refused.
