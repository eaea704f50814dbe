//! What policy promises, case by case.
