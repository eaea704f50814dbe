-- Who has the key of a job that is done: the columns are an index of the journal, as those from `standing` on are.
ALTER TABLE job ADD COLUMN handed_over INTEGER NOT NULL DEFAULT 0 CHECK (handed_over IN (0, 1));
ALTER TABLE job ADD COLUMN retired     TEXT CHECK (retired IN ('returned', 'lost', 'scrapped'));
ALTER TABLE job ADD COLUMN wiped       INTEGER NOT NULL DEFAULT 0 CHECK (wiped IN (0, 1));
-- Older methods of the person that wait for the hand-over.
ALTER TABLE job ADD COLUMN pending     INTEGER NOT NULL DEFAULT 0;
CREATE INDEX job_pending ON job (id) WHERE pending > 0;

-- A third kind of duty: the credential of a key that its person does not have any more.
DROP VIEW who_holds_which_key;
DROP VIEW keys_to_be_deleted;
CREATE TABLE duty (
    id     INTEGER PRIMARY KEY,
    job    INTEGER NOT NULL REFERENCES job (id),
    kind   TEXT    NOT NULL CHECK (kind IN ('replaced', 'orphan', 'retired')),
    target TEXT    NOT NULL,
    state  TEXT    NOT NULL CHECK (state IN ('open', 'deleting', 'settled', 'spared')),
    due    INTEGER NOT NULL,
    looks  INTEGER NOT NULL DEFAULT 0,
    why    TEXT,
    UNIQUE (job, kind, target)
) STRICT;
INSERT INTO duty SELECT id, job, kind, target, state, due, looks, why FROM obligation;
DROP TABLE obligation;
ALTER TABLE duty RENAME TO obligation;
CREATE INDEX obligation_due ON obligation (due) WHERE state IN ('open', 'deleting');

CREATE VIEW who_holds_which_key AS
SELECT job.envelope,
       coalesce(request.request ->> '$.name', person.user, 'a person who was erased') AS person,
       person.user,
       job.role,
       job.serial,
       passkey.aaguid,
       job.method,
       job.control,
       batch.name AS batch,
       job.id AS job,
       datetime(job.updated / 1000, 'unixepoch') AS since_utc,
       job.handed_over
FROM job
JOIN batch ON batch.id = job.batch
JOIN passkey ON passkey.job = job.id AND passkey.state = 'registered'
LEFT JOIN request ON request.job = job.id
LEFT JOIN person ON person.id = request.person
WHERE job.standing = 'done' AND job.retired IS NULL;

CREATE VIEW keys_to_be_deleted AS
SELECT person.user, obligation.kind, obligation.target, obligation.state, obligation.looks,
       datetime(obligation.due / 1000, 'unixepoch') AS due_utc, obligation.job
FROM obligation
LEFT JOIN request ON request.job = obligation.job
LEFT JOIN person ON person.id = request.person
WHERE obligation.state IN ('open', 'deleting');
