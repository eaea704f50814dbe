//! What happens inside the virtual machine: one boot, many cases, each on what the ones before left. First without udevd, as root,
//! where the kernel itself announces keys; then with it, as the account that the packaged rule is for.

mod bench;
mod kernel;
mod libfido2;
mod log;
mod post_mortem;
mod udevd;
mod uhid;

use std::time::Instant;

use bench::Bench;

/// Said when all cases have passed. The machine's status has to agree.
pub(crate) const PASSED: &str = "guest: all cases passed";
/// Set by the machine's first process.
const VARIABLE: &str = "KEYLINE_IN_VM";

/// Whether this is the machine's run of the test.
pub(crate) fn is_inside() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// All cases.
pub(crate) fn act() {
    post_mortem::arrange();
    let mut bench = Bench::new();
    kernel::act(&mut bench);
    udevd::act(&mut bench);
    println!("{PASSED}");
}

/// Runs a case, and says on the console that it did and how long it took.
fn case<T>(name: &str, act: impl FnOnce() -> T) -> T {
    println!("guest: case: {name}");
    let since = Instant::now();
    let result = act();
    println!(
        "guest: passed, {:.2} s: {name}",
        since.elapsed().as_secs_f64()
    );
    result
}
