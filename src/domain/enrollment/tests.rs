//! What enrollment promises, case by case.
