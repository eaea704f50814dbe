//! Every fault has its words.
