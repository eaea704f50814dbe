//! The ledger's port over the world.

use super::*;
use crate::domain::event::Intent;
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::Leaving;
use crate::port::PaperCounts;

impl Ledger for World {
    fn admit(&self, admission: &Admission, actor: &str, at: Timestamp) -> Result<Admitted, Fault> {
        self.call(Op::Admit, |state| {
            let ledger = &mut state.ledger;
            if let Some(jobs) = ledger.claims.get(&admission.claim) {
                return Ok(Admitted::Jobs(jobs.clone()));
            }
            if let Some((batch, at)) = ledger.contents.get(&admission.content) {
                return Ok(Admitted::KnownContent {
                    batch: batch.clone(),
                    at: *at,
                });
            }
            let jobs: Vec<JobId> = admission
                .drafts
                .iter()
                .map(|draft| ledger.add_draft(&admission.batch, draft, at))
                .collect();
            for (index, fault) in &admission.held {
                let event = Event {
                    attempt: Attempt(0),
                    happening: Happening::Held {
                        fault: fault.clone(),
                    },
                };
                ledger.stamp(jobs[*index], event, actor, at);
            }
            ledger.claims.insert(admission.claim.clone(), jobs.clone());
            ledger
                .contents
                .insert(admission.content, (admission.batch.clone(), at));
            Ok(Admitted::Jobs(jobs))
        })
    }

    fn open_jobs(&self) -> Result<Vec<JobRecord>, Fault> {
        let open =
            |record: &JobRecord| !matches!(record.standing, Standing::Done | Standing::Cancelled);
        self.jobs(None)
            .map(|records| records.into_iter().filter(open).collect())
    }

    fn job(&self, id: JobId) -> Result<Option<JobRecord>, Fault> {
        self.look(|ledger| ledger.jobs.get(&id).map(|job| ledger.record(job)))
    }

    fn find(&self, text: &str) -> Result<Vec<JobRecord>, Fault> {
        let fits = |record: &JobRecord| {
            record.job.id.to_string() == text
                || record.job.envelope.to_string() == text
                || record.job.request.user.eq_ignore_ascii_case(text)
                || record.control.as_deref() == Some(text)
                || record
                    .serial
                    .as_ref()
                    .is_some_and(|serial| serial.as_str() == text)
        };
        self.jobs(None)
            .map(|records| records.into_iter().filter(fits).collect())
    }

    fn job_of_letter(&self, control: &ControlNumber) -> Result<Option<JobId>, Fault> {
        self.look(|ledger| {
            let is_this = |text: &str| ControlNumber::parse(text) == Ok(*control);
            let has = |rows: &[Stamped]| {
                rows.iter().any(|row| match &row.event.happening {
                    Happening::Started {
                        intent: Intent::Deliver { control, .. },
                        ..
                    } => is_this(control),
                    _ => false,
                })
            };
            let mut journals = ledger.journal.iter();
            journals.find(|(_, rows)| has(rows)).map(|(job, _)| *job)
        })
    }

    fn void_letters(&self) -> Result<Vec<(JobId, ControlNumber)>, Fault> {
        self.look(LedgerState::void_letters)
    }

    fn job_of_envelope(&self, envelope: Envelope) -> Result<Option<JobId>, Fault> {
        self.look(|ledger| {
            let mut jobs = ledger.jobs.values();
            jobs.find(|job| job.envelope == envelope).map(|job| job.id)
        })
    }

    fn paper(&self) -> Result<BTreeMap<BatchName, PaperCounts>, Fault> {
        self.look(LedgerState::paper)
    }

    fn jobs(&self, batch: Option<&BatchName>) -> Result<Vec<JobRecord>, Fault> {
        self.look(|ledger| {
            let of = |job: &&Job| batch.is_none_or(|batch| job.batch == *batch);
            let jobs = ledger.jobs.values().filter(of);
            jobs.map(|job| ledger.record(job)).collect()
        })
    }

    fn journal(&self, job: JobId) -> Result<Vec<Stamped>, Fault> {
        self.look(|ledger| ledger.journal.get(&job).cloned().unwrap_or_default())
    }

    fn append(&self, entry: &Entry<'_>, actor: &str, at: Timestamp) -> Result<(), Fault> {
        self.call(Op::Append, |state| {
            state.note_binding(entry.job, entry.event);
            state.note_retirement(entry.job, entry.event);
            state.ledger.append(entry, actor, at)
        })
    }

    fn pin_in_flight(&self, job: JobId, attempt: Attempt) -> Result<Pin, Fault> {
        let found = self.look(|ledger| ledger.in_flight.get(&(job, attempt)).cloned())?;
        found
            .and_then(|text| Pin::new(&text).ok())
            .ok_or_else(|| Fault::Unsealable {
                what: "no copy in flight".to_owned(),
            })
    }

    fn specified_pin(&self, job: JobId) -> Result<Option<Pin>, Fault> {
        self.look(|ledger| {
            ledger
                .specified
                .get(&job)
                .and_then(|text| Pin::new(text).ok())
        })
    }

    fn current_pin(&self, job: JobId) -> Result<Option<Pin>, Fault> {
        self.look(|ledger| {
            ledger
                .current
                .get(&job)
                .and_then(|text| Pin::new(text).ok())
        })
    }

    fn attestation(&self, job: JobId, attempt: Attempt) -> Result<Option<Attestation>, Fault> {
        self.look(|ledger| ledger.attestations.get(&(job, attempt)).cloned())
    }

    fn holders_of_serial(&self, serial: &Serial) -> Result<Vec<Holder>, Fault> {
        self.look(|ledger| {
            let of = |job: &&JobId| {
                let state = ledger.enrollment(**job);
                state.binding().and_then(|binding| binding.serial.as_ref()) == Some(serial)
            };
            let mut jobs: Vec<&JobId> = ledger.jobs.keys().filter(of).collect();
            jobs.sort_by_key(|job| std::cmp::Reverse(ledger.bound_at(**job)));
            let holders = jobs.into_iter();
            holders.filter_map(|job| ledger.holder(*job)).collect()
        })
    }

    fn holder_of_credential(&self, credential: &CredentialId) -> Result<Option<Holder>, Fault> {
        self.look(|ledger| {
            let mut kept = ledger.passkeys.iter();
            let kept = kept.find(|kept| kept.credential == *credential)?;
            let nobodys = ledger.passkey(kept).given_up;
            (!nobodys).then(|| ledger.holder(kept.job)).flatten()
        })
    }

    fn passkey(&self, credential: &CredentialId) -> Result<Option<Passkey>, Fault> {
        self.look(|ledger| {
            let mut kept = ledger.passkeys.iter();
            let kept = kept.find(|kept| kept.credential == *credential)?;
            Some(ledger.passkey(kept))
        })
    }

    fn passkeys_of_user(&self, user: &str) -> Result<Vec<Passkey>, Fault> {
        self.look(|ledger| {
            let of = |kept: &&Kept| {
                let request = &ledger.jobs[&kept.job].request;
                request.user.eq_ignore_ascii_case(user)
            };
            let kept = ledger.passkeys.iter().filter(of);
            kept.map(|kept| ledger.passkey(kept)).collect()
        })
    }

    fn jobs_of_user(&self, user: &str) -> Result<Vec<JobRecord>, Fault> {
        let of = |record: &JobRecord| {
            record.job.request.user.eq_ignore_ascii_case(user)
                && record.standing != Standing::Cancelled
        };
        self.jobs(None)
            .map(|records| records.into_iter().filter(of).collect())
    }

    fn live_methods(&self, user: &str) -> Result<Vec<MethodId>, Fault> {
        self.look(|ledger| {
            let live = ledger.passkeys.iter().filter(|kept| {
                kept.state == PasskeyState::Registered
                    && ledger.jobs[&kept.job]
                        .request
                        .user
                        .eq_ignore_ascii_case(user)
            });
            live.filter_map(|kept| kept.method.clone()).collect()
        })
    }

    fn live_among(&self, listed: &[MethodId]) -> Result<Vec<MethodId>, Fault> {
        self.look(|ledger| {
            let live = ledger
                .passkeys
                .iter()
                .filter(|kept| kept.state == PasskeyState::Registered);
            live.filter_map(|kept| kept.method.clone())
                .filter(|method| listed.contains(method))
                .collect()
        })
    }

    fn obligations(&self, now: Timestamp) -> Result<Vec<Obligation>, Fault> {
        self.look(|ledger| {
            let due = ledger.duties.iter().filter(|due| {
                let job = ledger.enrollment(due.obligation.job);
                let orphan = matches!(due.obligation.duty, Duty::Orphan(_));
                due.open
                    && due.obligation.due <= now
                    && (orphan || matches!(job.standing(), Standing::Done | Standing::Cancelled))
            });
            due.map(|due| Obligation {
                keeps: match due.obligation.duty {
                    Duty::Replaced(_) => ledger.enrollment(due.obligation.job).method().cloned(),
                    Duty::Orphan(_) | Duty::Retired(_) => None,
                },
                ..due.obligation.clone()
            })
            .collect()
        })
    }

    fn settle(&self, id: i64, outcome: &DutyOutcome, _: &str, _: Timestamp) -> Result<(), Fault> {
        self.call(Op::Settle, |state| {
            state.ledger.settle(id, outcome);
            Ok(())
        })
    }

    fn reopen(&self, credential: &CredentialId, _: &str, at: Timestamp) -> Result<(), Fault> {
        self.call(Op::Settle, |state| state.ledger.reopen(credential, at))
    }

    fn note(&self, what: &str, actor: &str, _: Timestamp) -> Result<(), Fault> {
        let note = (actor.to_owned(), what.to_owned());
        self.state().ledger.notes.push(note);
        Ok(())
    }

    fn notes(&self, beginning: &str) -> Result<Vec<String>, Fault> {
        self.look(|ledger| {
            let notes = ledger.notes.iter().map(|(_, what)| what);
            notes
                .filter(|what| what.starts_with(beginning))
                .cloned()
                .collect()
        })
    }
}

impl LedgerState {
    fn void_letters(&self) -> Vec<(JobId, ControlNumber)> {
        let mut void = Vec::new();
        for (job, rows) in &self.journal {
            let state = self.enrollment(*job);
            for row in rows {
                if let Happening::Started {
                    intent: Intent::Deliver { control, .. },
                    ..
                } = &row.event.happening
                    && let Ok(control) = ControlNumber::parse(control)
                    && state.is_void_sheet(&control)
                    && !void.contains(&(*job, control))
                {
                    void.push((*job, control));
                }
            }
        }
        void
    }

    fn paper(&self) -> BTreeMap<BatchName, PaperCounts> {
        let mut paper: BTreeMap<BatchName, PaperCounts> = BTreeMap::new();
        for job in self.jobs.values() {
            let state = self.enrollment(job.id);
            let good = state.delivered().is_some() && state.spoiled().is_none();
            let counts = paper.entry(job.batch.clone()).or_default();
            counts.confirmed += usize::from(good);
            for row in self.journal.get(&job.id).into_iter().flatten() {
                let count = match &row.event.happening {
                    Happening::Started {
                        intent: Intent::Deliver { control, .. },
                        ..
                    } if ControlNumber::parse(control)
                        .is_ok_and(|control| state.is_void_sheet(&control)) =>
                    {
                        &mut counts.void
                    }
                    Happening::Bagged => &mut counts.bagged,
                    Happening::Spoiled { .. } => &mut counts.spoiled,
                    Happening::Left { what } => match what {
                        Leaving::LetterEnveloped => &mut counts.enveloped,
                        Leaving::BagDispatched => &mut counts.bags_dispatched,
                        Leaving::LetterDispatched => &mut counts.letters_dispatched,
                    },
                    _ => continue,
                };
                *count += 1;
            }
        }
        paper.retain(|_, counts| *counts != PaperCounts::default());
        paper
    }
}
