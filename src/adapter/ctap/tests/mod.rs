//! Tests of the command layer.
