//! The trial against a tenant that does what it is told, with a clock that does not wait.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;
use crate::domain::authenticator::Aaguid;
use crate::domain::credential::{CredentialId, CredentialKind, RpId, UserHandle};

const USER: &str = "test@contoso.com";
const BEGIN: Timestamp = Timestamp(1_780_000_000_000);

fn lost() -> Fault {
    Fault::Unreachable {
        what: "the way broke off".to_owned(),
    }
}

fn refusal() -> Fault {
    Fault::Refused {
        status: 400,
        code: "badRequest".to_owned(),
        message: "no".to_owned(),
        request_id: "r-1".to_owned(),
    }
}

/// How the tenant answers, and what it holds.
#[derive(Default)]
struct Tenant {
    options: Option<Fault>,
    /// The answer to a registration, and whether it is done all the same.
    register: Option<(Fault, bool)>,
    /// Looks at the list that show nothing.
    lag: usize,
    list: VecDeque<Fault>,
    delete: VecDeque<Result<Deleted, Fault>>,
    held: Vec<RegisteredCredential>,
    looks: usize,
    /// Names of what was done, in order, the book's among them.
    story: Vec<&'static str>,
    trial: Option<Trial>,
}

struct World(Mutex<Tenant>);

impl World {
    fn new(tenant: Tenant) -> Self {
        Self(Mutex::new(tenant))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Tenant) -> T) -> T {
        act(&mut self.0.lock().expect("no panic before"))
    }
}

fn entry(method: &MethodId, credential: &CredentialId, display_name: &str) -> RegisteredCredential {
    RegisteredCredential {
        method: method.clone(),
        may_be: vec![credential.clone()],
        display_name: display_name.to_owned(),
        kind: CredentialKind::SecurityKey,
        aaguid: None,
        model: String::new(),
        created: None,
        attested: None,
        synced: None,
    }
}

impl RelyingParty for World {
    fn ready(&self) -> Result<(), Fault> {
        Ok(())
    }

    fn creation_options(&self, user: &str) -> Result<CreationOptions, Fault> {
        self.with(|tenant| tenant.options.clone().map_or(Ok(()), Err))?;
        Ok(CreationOptions {
            rp_id: RpId("login.microsoft.com".to_owned()),
            rp_name: String::new(),
            user_handle: UserHandle(vec![1]),
            user_name: user.to_owned(),
            user_display_name: String::new(),
            challenge: vec![1; 16],
            algorithms: vec![-7],
            exclude: Vec::new(),
            hmac_secret: false,
            credential_protection: None,
            enforce_credential_protection: false,
            expires: BEGIN,
        })
    }

    fn register(
        &self,
        _: &str,
        display_name: &str,
        attestation: &Attestation,
    ) -> Result<MethodId, Fault> {
        self.with(|tenant| {
            tenant.story.push("register");
            let method = MethodId("m-1".to_owned());
            let answer = tenant.register.take();
            if !matches!(answer, Some((_, false))) {
                tenant
                    .held
                    .push(entry(&method, &attestation.credential_id, display_name));
            }
            answer.map_or(Ok(method), |(fault, _)| Err(fault))
        })
    }

    fn credentials(&self, _: &str) -> Result<Vec<RegisteredCredential>, Fault> {
        self.with(|tenant| {
            tenant.looks += 1;
            if let Some(fault) = tenant.list.pop_front() {
                return Err(fault);
            }
            if tenant.looks <= tenant.lag {
                return Ok(Vec::new());
            }
            Ok(tenant.held.clone())
        })
    }

    fn delete(&self, _: &str, method: &MethodId) -> Result<Deleted, Fault> {
        self.with(|tenant| {
            tenant.story.push("delete");
            let answer = tenant.delete.pop_front().unwrap_or(Ok(Deleted::Now));
            if answer == Ok(Deleted::Now) {
                tenant.held.retain(|one| one.method != *method);
            }
            answer
        })
    }
}

impl TrialBook for World {
    fn open_trial(&self) -> Result<Option<Trial>, Fault> {
        Ok(self.with(|tenant| tenant.trial.clone()))
    }

    fn begin_trial(&self, trial: &Trial, _: &str) -> Result<(), Fault> {
        self.with(|tenant| {
            tenant.story.push("begin");
            tenant.trial = Some(trial.clone());
        });
        Ok(())
    }

    fn end_trial(&self, end: TrialEnd, _: &str, _: Timestamp) -> Result<(), Fault> {
        self.with(|tenant| {
            tenant.story.push(match end {
                TrialEnd::Refused => "refused",
                TrialEnd::Deleted => "deleted",
                TrialEnd::NeverAppeared => "never appeared",
            });
            tenant.trial = None;
        });
        Ok(())
    }
}

/// Waiting puts it forward.
struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no panic before")
    }

    fn today(&self) -> jiff::civil::Date {
        jiff::civil::Date::MIN
    }

    fn wait(&self, duration: Duration, cancel: &CancelFlag) -> bool {
        let mut now = self.0.lock().expect("no panic before");
        *now = now.plus_seconds(i64::try_from(duration.as_secs()).expect("a short wait"));
        !cancel.is_cancelled()
    }
}

struct Dice;

impl Entropy for Dice {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        bytes.fill(0xAB);
        Ok(())
    }
}

fn attest(_: &CreationOptions) -> Result<Attestation, Fault> {
    Ok(Attestation {
        credential_id: CredentialId(vec![0xC0; 16]),
        aaguid: Aaguid([0; 16]),
        client_data_json: Vec::new(),
        attestation_object: Vec::new(),
        format: "none".to_owned(),
        credential_protection: None,
        hmac_secret: false,
        algorithm: -7,
    })
}

struct Scene {
    world: World,
    clock: Hands,
    cancel: CancelFlag,
}

impl Scene {
    fn new(tenant: Tenant) -> Self {
        Self {
            world: World::new(tenant),
            clock: Hands(Mutex::new(BEGIN)),
            cancel: CancelFlag::default(),
        }
    }

    fn tools(&self) -> Tools<'_> {
        Tools {
            relying_party: &self.world,
            book: &self.world,
            clock: &self.clock,
            entropy: &Dice,
            attest: &attest,
            cancel: &self.cancel,
            actor: "administrator",
        }
    }

    fn run(&self) -> Outcome {
        run(&self.tools(), USER, &mut |_| {}).expect("a book that works")
    }

    fn settle(&self) -> Settled {
        settle(&self.tools()).expect("a tenant that answers")
    }

    /// What was done; and that nothing is left where nothing is open.
    fn story(&self) -> String {
        self.world.with(|tenant| {
            if tenant.trial.is_none() {
                assert!(
                    tenant.held.is_empty(),
                    "something is left, and nobody knows of it"
                );
            }
            tenant.story.join(", ")
        })
    }
}

const fn passed(listed_after: Option<u32>, reply_lost: bool) -> Outcome {
    Outcome::Passed {
        listed_after,
        reply_lost,
    }
}

#[test]
fn it_is_written_down_registered_seen_and_deleted_in_this_order() {
    let scene = Scene::new(Tenant {
        lag: 3,
        ..Tenant::default()
    });
    let steps = RefCell::new(Vec::new());
    let outcome = run(&scene.tools(), USER, &mut |step| {
        steps.borrow_mut().push(step)
    });
    assert_eq!(outcome, Ok(passed(Some(6), false)));
    assert_eq!(scene.story(), "begin, register, delete, deleted");
    let looking = |seconds| Progress::Looking { seconds };
    assert_eq!(
        steps.into_inner(),
        [
            Progress::Asking,
            Progress::Registering,
            looking(0),
            looking(2),
            looking(4),
            looking(6),
            Progress::Deleting,
        ]
    );
}

#[test]
fn a_refusal_leaves_nothing_open() {
    let scene = Scene::new(Tenant {
        options: Some(refusal()),
        ..Tenant::default()
    });
    let stage = Stage::Options;
    let fault = refusal();
    assert_eq!(scene.run(), Outcome::Refused { stage, fault });
    assert_eq!(scene.story(), "");
    for fault in [refusal(), Fault::Throttled { seconds: 99 }] {
        let scene = Scene::new(Tenant {
            register: Some((fault.clone(), false)),
            ..Tenant::default()
        });
        let stage = Stage::Registration;
        assert_eq!(scene.run(), Outcome::Refused { stage, fault });
        assert_eq!(scene.story(), "begin, register, refused");
    }
}

#[test]
fn after_a_lost_reply_the_list_decides() {
    for unheard in [lost(), Fault::Cancelled] {
        let scene = Scene::new(Tenant {
            register: Some((unheard, true)),
            lag: 2,
            ..Tenant::default()
        });
        assert_eq!(scene.run(), passed(Some(4), true));
        assert_eq!(scene.story(), "begin, register, delete, deleted");
    }
    let scene = Scene::new(Tenant {
        register: Some((lost(), false)),
        ..Tenant::default()
    });
    assert_eq!(scene.run(), Outcome::Open { fault: None });
    assert_eq!(scene.story(), "begin, register");
}

#[test]
fn a_list_that_fails_keeps_nobody_from_deleting_what_the_reply_named() {
    let scene = Scene::new(Tenant {
        list: [lost()].into(),
        ..Tenant::default()
    });
    assert_eq!(scene.run(), passed(None, false));
    assert_eq!(scene.story(), "begin, register, delete, deleted");
    let scene = Scene::new(Tenant {
        register: Some((lost(), true)),
        list: [lost()].into(),
        ..Tenant::default()
    });
    assert_eq!(
        scene.run(),
        Outcome::Open {
            fault: Some(lost())
        }
    );
    assert_eq!(scene.story(), "begin, register");
}

#[test]
fn a_404_counts_as_deleted_only_for_what_was_seen() {
    let gone = || VecDeque::from([Ok(Deleted::WasGone)]);
    let scene = Scene::new(Tenant {
        lag: usize::MAX,
        delete: gone(),
        ..Tenant::default()
    });
    assert_eq!(scene.run(), Outcome::Open { fault: None });
    assert_eq!(scene.story(), "begin, register, delete");
    let scene = Scene::new(Tenant {
        delete: gone(),
        ..Tenant::default()
    });
    scene.world.with(|tenant| tenant.story.clear());
    assert_eq!(scene.run(), passed(Some(0), false));
    scene.world.with(|tenant| tenant.held.clear());
    assert_eq!(scene.story(), "begin, register, delete, deleted");
}

#[test]
fn a_delete_that_fails_is_made_up_for_later() {
    let scene = Scene::new(Tenant {
        delete: [Err(lost())].into(),
        ..Tenant::default()
    });
    assert_eq!(
        scene.run(),
        Outcome::Open {
            fault: Some(lost())
        }
    );
    assert!(matches!(scene.settle(), Settled::Deleted(_)));
    assert_eq!(scene.story(), "begin, register, delete, delete, deleted");
    assert_eq!(scene.settle(), Settled::Nothing);
}

#[test]
fn what_does_not_appear_is_given_time_and_then_believed() {
    let scene = Scene::new(Tenant {
        register: Some((lost(), false)),
        ..Tenant::default()
    });
    assert_eq!(scene.run(), Outcome::Open { fault: None });
    let Settled::NotYet { certain, .. } = scene.settle() else {
        panic!("too early to tell");
    };
    assert_eq!(certain, BEGIN.plus_seconds(NEVER_AFTER_SECONDS));
    // A clock that was set back makes nothing certain.
    *scene.clock.0.lock().expect("no panic before") = BEGIN.plus_seconds(-86_400);
    assert!(matches!(scene.settle(), Settled::NotYet { .. }));
    *scene.clock.0.lock().expect("no panic before") = certain;
    assert!(matches!(scene.settle(), Settled::NeverAppeared(_)));
    assert_eq!(scene.story(), "begin, register, never appeared");
}

#[test]
fn what_is_found_goes_by_its_credential_or_its_name_and_nothing_else_goes() {
    let scene = Scene::new(Tenant {
        delete: [Err(lost())].into(),
        ..Tenant::default()
    });
    assert_eq!(
        scene.run(),
        Outcome::Open {
            fault: Some(lost())
        }
    );
    let theirs = MethodId("theirs".to_owned());
    let somebodys = entry(&theirs, &CredentialId(vec![1; 16]), "keyline test");
    scene.world.with(|tenant| {
        // Entra's id may tell nothing of the credential's.
        tenant.held[0].may_be.clear();
        tenant.held.insert(0, somebodys.clone());
    });
    assert!(matches!(scene.settle(), Settled::Deleted(_)));
    assert_eq!(scene.world.with(|tenant| tenant.held.clone()), [somebodys]);
}

#[test]
fn a_stop_before_it_is_sent_sends_nothing_and_one_after_it_deletes() {
    let scene = Scene::new(Tenant::default());
    scene.cancel.cancel();
    assert_eq!(
        run(&scene.tools(), USER, &mut |_| {}),
        Err(Fault::Cancelled)
    );
    assert_eq!(scene.story(), "");
    let scene = Scene::new(Tenant {
        lag: usize::MAX,
        ..Tenant::default()
    });
    let outcome = run(&scene.tools(), USER, &mut |step| {
        if matches!(step, Progress::Looking { .. }) {
            scene.cancel.cancel();
        }
    });
    assert_eq!(outcome, Ok(passed(None, false)));
    assert_eq!(scene.story(), "begin, register, delete, deleted");
}
