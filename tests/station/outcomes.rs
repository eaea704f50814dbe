//! How a run ends, in the numbers that scripts read.
