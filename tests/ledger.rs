//! The ledger from outside: the contract of the port, what a crash leaves, what a thief finds, what an auditor sees.

mod ledger {
    pub(crate) mod audit;
    pub(crate) mod bench;
    mod clock;
    mod computed;
    mod contract;
    mod custody;
    mod damage;
    mod file;
    mod keeping;
    mod log;
    mod passkeys;
    mod secrets;
    mod trial;
}
