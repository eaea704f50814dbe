//! Every state of a slot has its words.
