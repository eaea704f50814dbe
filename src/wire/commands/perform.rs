//! `keyline entra setup --perform`: an administrator signs in for this one command and is asked before each step. The sign-in is in
//! memory alone; the configuration is never written, its lines are shown to be copied.

use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use uuid::Uuid;

use crate::adapter::entra::{
    CertificateSource, Delegated, Entra, EntraConfig, Keep, SecretSource, SignInWay,
};
use crate::adapter::system::SystemClock;
use crate::app::tenant_setup::{
    Administrator, Answer, Choice, End, News, Tools, perform as carry_out, wanted,
};
use crate::domain::fault::Fault;
use crate::domain::sign_in::{SignInMethod, TokenClaims};
use crate::domain::tenant_setup::course::{Act, Course, Wanted, Wish};
use crate::domain::tenant_setup::{PublicCertificate, SETUP_SCOPES};
use crate::face::ask;
use crate::face::cli::{Login, Setup};
use crate::face::report::setup::{Settings, settings};
use crate::face::say::{Complaint, ExitCode, perform as say};
use crate::port::{CancelFlag, Clock as _, OwnCertificate};
use crate::wire::commands::{Ended, entra, online, setup};
use crate::wire::config::Config;
use crate::wire::init::refuse_as_root_for_another;
use crate::wire::{WireFault, log};

/// How often somebody who is asked is looked at for a Ctrl-C.
const CANCEL_LATENCY: Duration = Duration::from_millis(50);

pub(super) fn perform(config: &Config, wish: &Setup, out: &mut dyn Write) -> Ended {
    let how = &wish.how;
    if config.entra.method == SignInMethod::Delegated {
        return Err(say::not_for_delegated());
    }
    let own = &config.entra.client_id;
    let permissions = wanted(&Choice {
        also: &how.also,
        without: &how.without,
        // An application that works as it is gets nothing more that nobody was asked about.
        least: how.yes && !own.is_empty(),
    })
    .map_err(say::no_choice)?;
    if !how.yes && !std::io::stdin().is_terminal() {
        return Err(say::nobody_to_ask());
    }
    let certificate = Certificate::of(config, wish)?;
    certificate.check()?;
    let cancel = CancelFlag::default();
    let tenant = in_the_name_of_whoever_signs_in(config, &how.client, &cancel)?;
    // What changes something at Entra stands in the log with its request-id.
    let _log = log::open(config).map_err(WireFault::from)?;
    online::end_on_signals(cancel.clone());
    ask::say(&say::introduction(&config.entra.tenant, &how.client));
    let login = Login {
        device_code: how.device_code,
        browser: how.browser,
    };
    let claims = entra::sign_in(&tenant, login, say::FOR_THE_SETUP)
        .map_err(|fault| say::not_signed_in(&fault, &how.client))?;
    let tenant_id = whose(config, claims.as_ref())?;
    let mut course = Course::new(Wish {
        client_id: (!own.is_empty()).then(|| own.clone()),
        name: how.name.clone(),
        may_adopt: !how.yes,
        permissions,
    });
    let mut asked = Asked {
        yes: how.yes,
        cancel: cancel.clone(),
    };
    let tools = Tools {
        tenant: &tenant,
        directory: &tenant,
        certificate: &certificate,
        clock: &SystemClock,
        cancel: &cancel,
    };
    let end = carry_out(&mut course, &tools, &mut asked);
    let shown = show(config, (&course, &end), &certificate, tenant_id, out);
    let left = course.left();
    if !left.is_empty() && !matches!(end, End::Stopped(_)) {
        ask::say(&say::left(&left));
    }
    ask::say(&say::stays(&how.client));
    shown?;
    if let Some(complaint) = say::complaint(&end) {
        return Err(complaint);
    }
    if let Some(words) = say::goes_without(&course) {
        ask::say(&words);
    }
    if left.is_empty() {
        return Ok(ExitCode::Done);
    }
    ask::say(say::WHENEVER);
    Ok(ExitCode::Waiting)
}

/// The tenant for this command alone: its sign-in is kept nowhere.
fn in_the_name_of_whoever_signs_in(
    config: &Config,
    client: &str,
    cancel: &CancelFlag,
) -> Result<Entra, Complaint> {
    let entra = EntraConfig {
        client_id: client.to_owned(),
        ..config.entra()
    };
    let way = SignInWay::Delegated(Delegated {
        keep: Keep::nowhere(),
        scopes: SETUP_SCOPES.map(str::to_owned).to_vec(),
    });
    let tenant = Entra::new(entra, way, Arc::new(SystemClock), cancel.clone());
    Ok(tenant.map_err(WireFault::from)?)
}

/// Says who signed in, and to which tenant; its id.
fn whose(config: &Config, claims: Option<&TokenClaims>) -> Result<String, Complaint> {
    let configured = &config.entra.tenant;
    let grants = claims.map(|claims| &claims.grants);
    let told = grants.and_then(|grants| grants.tenant.as_deref());
    let tenant = told.unwrap_or(configured);
    let ids = (Uuid::try_parse(tenant), Uuid::try_parse(configured));
    if let (Ok(theirs), Ok(ours)) = ids
        && theirs != ours
    {
        return Err(say::another_tenant(tenant, configured));
    }
    let account = grants.and_then(|grants| grants.account.as_deref());
    ask::say(&say::signed_in(account, tenant, configured));
    Ok(tenant.to_owned())
}

/// What there is to be written into the configuration by now.
fn show(
    config: &Config,
    (course, end): (&Course, &End),
    certificate: &Certificate<'_>,
    tenant: String,
    out: &mut dyn Write,
) -> Result<(), Complaint> {
    let Some(registration) = course.registration() else {
        return Ok(());
    };
    let file = course.certificate().map(|_| {
        let place = setup::shortest(config, &certificate.file);
        place.display().to_string()
    });
    let entra = &config.entra;
    let is_configured = entra.client_id == registration.client_id
        && entra.method == SignInMethod::Certificate
        && (config.certificate()).is_some_and(|there| there == certificate.source());
    let shown = Settings {
        tenant,
        client_id: registration.client_id.clone(),
        certificate: file,
        is_configured,
        is_whole: *end == End::Through && course.left().is_empty(),
    };
    settings(&shown, out)
}

/// Whoever sits at the terminal.
struct Asked {
    yes: bool,
    cancel: CancelFlag,
}

impl Administrator for Asked {
    fn agrees(&mut self, course: &Course, act: &Act) -> Answer {
        self.answers(say::question(course, act))
    }

    fn chooses(&mut self, wanted: &Wanted) -> Answer {
        self.answers(say::choice(wanted))
    }

    fn hears(&mut self, course: &Course, news: News) {
        ask::say(&say::news(course, news));
    }
}

impl Asked {
    fn answers(&self, question: String) -> Answer {
        if self.yes {
            ask::say(&question);
            return Answer::Yes;
        }
        // A read of the terminal cannot be broken off, so it is left alone with it: the program ends all the same.
        let (told, heard) = mpsc::channel();
        std::thread::spawn(move || {
            // Nobody listens any more when it was broken off.
            let _ = told.send(ask::agrees(&question));
        });
        loop {
            match heard.recv_timeout(CANCEL_LATENCY) {
                Ok(Some(true)) => return Answer::Yes,
                Ok(Some(false)) => return Answer::No,
                Ok(None) | Err(RecvTimeoutError::Disconnected) => return Answer::Gone,
                Err(RecvTimeoutError::Timeout) if self.cancel.is_cancelled() => {
                    return Answer::Gone;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// The station's certificate, where the configuration or the command line has it.
struct Certificate<'a> {
    config: &'a Config,
    /// Named on the command line.
    named: Option<PathBuf>,
    file: PathBuf,
}

impl<'a> Certificate<'a> {
    fn of(config: &'a Config, wish: &Setup) -> Result<Self, Complaint> {
        let named = wish.certificate.clone().flatten();
        let file = setup::place(config, named.as_deref())?;
        refuse_as_root_for_another(&file)?;
        Ok(Self {
            config,
            named,
            file,
        })
    }

    /// Whether it can be used, or made: nobody shall sign in and consent for one that is none.
    fn check(&self) -> Result<(), Complaint> {
        if self.file.symlink_metadata().is_ok() {
            let read = self.read().map(drop);
            return read.map_err(|fault| say::certificate_unusable(&self.file, &fault));
        }
        setup::makeable(&self.file)
    }

    fn source(&self) -> CertificateSource {
        let place = SecretSource::File(self.file.clone());
        let configured = self.config.certificate();
        let its_own = configured.filter(|source| source.place == place);
        its_own.unwrap_or(CertificateSource {
            place,
            password: None,
        })
    }

    fn read(&self) -> Result<PublicCertificate, Fault> {
        let (source, now) = (self.source(), SystemClock.now());
        let facts = source.check(now)?;
        Ok(PublicCertificate {
            der: source.public(now)?,
            subject: facts.subject,
            thumbprint: facts.thumbprint,
            valid_until: facts.valid_until,
        })
    }
}

impl OwnCertificate for Certificate<'_> {
    fn there(&self) -> Result<Option<PublicCertificate>, Fault> {
        if self.file.symlink_metadata().is_err() {
            return Ok(None);
        }
        self.read().map(Some)
    }

    fn make(&self) -> Result<PublicCertificate, Fault> {
        let made = setup::make(self.config, self.named.as_deref());
        made.map_err(|complaint| Fault::StationKeys {
            what: complaint.message,
        })?;
        self.read()
    }
}
