//! What pin_rule promises, case by case.
