//! Boxes that a fold would crease, and how a slip in the text of a profile is told.

use super::planted;

#[test]
fn a_slip_in_the_toml_is_told_in_one_line_with_its_place() {
    let said = planted("din5008b", &[("margin = 5.0", "margin = \"wide\"")]);
    assert!(
        said.starts_with("line ") && said.contains(", column 10: invalid type"),
        "{said}"
    );
    let said = planted("din5008b", &[("margin = 5.0", "margin = = 5.0")]);
    assert!(said.starts_with("line ") && !said.contains('\n'), "{said}");
}

#[test]
fn a_box_across_a_fold_is_refused_with_its_line() {
    for (name, changes, reason) in [
        (
            "seal-z",
            vec![("y = 158.5, width = 25.0", "y = 90.0, width = 25.0")],
            "the box `qr` lies on an outer panel",
        ),
        (
            "seal-z",
            vec![(
                "y = 184.0, width = 90.0,  height = 11.0",
                "y = 184.0, width = 90.0,  height = 15.0",
            )],
            "the box `pin_note`, from 184 to 199 mm, lies across the fold at 198 mm",
        ),
        (
            "din5008b",
            vec![
                ("folds = [105.0, 210.0]", "folds = [160.0, 210.0]"),
                ("y = 105.0, length", "y = 160.0, length"),
            ],
            "the box `opening`",
        ),
    ] {
        let said = planted(name, &changes);
        assert!(said.contains(reason), "{said}");
        assert!(said.starts_with("line "), "{said}");
    }
}
