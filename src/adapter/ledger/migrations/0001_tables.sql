-- The tables of the ledger. Personal data lies in `person`, `request` and `detail` alone, so that it can be erased;
-- `journal` is the audit chain and is never changed.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE batch (
    id        INTEGER PRIMARY KEY,
    name      TEXT    NOT NULL,
    claim     TEXT    NOT NULL UNIQUE,
    content   BLOB    NOT NULL CHECK (length(content) = 32),
    file_name TEXT    NOT NULL,
    admitted  INTEGER NOT NULL
) STRICT;
CREATE INDEX batch_content ON batch (content);
CREATE INDEX batch_name ON batch (name);

-- One row per person, whatever the number of their keys. The salt keys the hashes that stand in the chain.
CREATE TABLE person (
    id       INTEGER PRIMARY KEY,
    user     TEXT NOT NULL,
    user_key TEXT NOT NULL UNIQUE,
    salt     BLOB NOT NULL CHECK (length(salt) = 32)
) STRICT;

-- From `standing` on, the columns are an index of the journal: they can be computed from it.
CREATE TABLE job (
    id              INTEGER PRIMARY KEY,
    batch           INTEGER NOT NULL REFERENCES batch (id),
    sequence        INTEGER NOT NULL,
    envelope        INTEGER NOT NULL UNIQUE,
    line            INTEGER NOT NULL,
    policy          TEXT    NOT NULL,
    role            TEXT    NOT NULL CHECK (role IN ('primary', 'backup')),
    replaces        INTEGER NOT NULL CHECK (replaces IN (0, 1)),
    has_pin         INTEGER NOT NULL CHECK (has_pin IN (0, 1)),
    has_current_pin INTEGER NOT NULL CHECK (has_current_pin IN (0, 1)),
    standing        TEXT    NOT NULL CHECK (standing IN ('waiting', 'under_way', 'held', 'done', 'cancelled')),
    attempt         INTEGER NOT NULL,
    serial          TEXT,
    control         TEXT,
    method          TEXT,
    held            TEXT,
    updated         INTEGER NOT NULL,
    UNIQUE (batch, sequence)
) STRICT;
CREATE INDEX job_open ON job (id) WHERE standing IN ('waiting', 'under_way', 'held');
CREATE INDEX job_serial ON job (serial COLLATE NOCASE) WHERE serial IS NOT NULL;

-- What the job file said of the person, as JSON.
CREATE TABLE request (
    job     INTEGER PRIMARY KEY REFERENCES job (id),
    person  INTEGER NOT NULL REFERENCES person (id),
    request TEXT    NOT NULL
) STRICT;
CREATE INDEX request_person ON request (person);

CREATE TABLE journal (
    seq         INTEGER PRIMARY KEY,
    job         INTEGER REFERENCES job (id),
    attempt     INTEGER,
    kind        TEXT    NOT NULL CHECK (kind IN ('admitted', 'event', 'duty', 'note', 'erased', 'retention')),
    event       TEXT    NOT NULL,
    person_hash BLOB CHECK (length(person_hash) = 32),
    sealed_hash BLOB CHECK (length(sealed_hash) = 32),
    at          INTEGER NOT NULL,
    actor       TEXT    NOT NULL,
    prev_hash   BLOB    NOT NULL CHECK (length(prev_hash) = 32),
    hash        BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX journal_job ON journal (job, seq);

CREATE TRIGGER journal_keeps_its_rows BEFORE UPDATE ON journal
BEGIN
    SELECT RAISE (ABORT, 'the journal is never changed');
END;
CREATE TRIGGER journal_keeps_all_rows BEFORE DELETE ON journal
BEGIN
    SELECT RAISE (ABORT, 'the journal is never shortened');
END;

-- An event with the free text that its row in the journal leaves out.
CREATE TABLE detail (
    seq    INTEGER PRIMARY KEY REFERENCES journal (seq),
    job    INTEGER NOT NULL REFERENCES job (id),
    event  TEXT    NOT NULL
) STRICT;
CREATE INDEX detail_job ON detail (job);

CREATE TABLE attempt (
    job        INTEGER NOT NULL REFERENCES job (id),
    attempt    INTEGER NOT NULL,
    slot       INTEGER NOT NULL,
    attachment TEXT    NOT NULL,
    serial     TEXT,
    aaguid     TEXT    NOT NULL,
    began      INTEGER NOT NULL,
    PRIMARY KEY (job, attempt)
) STRICT, WITHOUT ROWID;

-- Sealed to the recovery recipients: this station cannot open them.
CREATE TABLE sealed_pin (
    job     INTEGER NOT NULL REFERENCES job (id),
    attempt INTEGER NOT NULL,
    kind    TEXT    NOT NULL CHECK (kind IN ('set', 'specified', 'current')),
    sealed  BLOB    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (job, attempt, kind)
) STRICT;
CREATE TRIGGER sealed_pin_keeps_its_rows BEFORE UPDATE ON sealed_pin
BEGIN
    SELECT RAISE (ABORT, 'a sealed PIN is never overwritten');
END;

-- Sealed to this station's own key while a job is in flight. Left out of backups.
CREATE TABLE in_flight (
    job     INTEGER NOT NULL REFERENCES job (id),
    attempt INTEGER NOT NULL,
    kind    TEXT    NOT NULL CHECK (kind IN ('set', 'specified', 'current')),
    sealed  BLOB    NOT NULL,
    PRIMARY KEY (job, attempt, kind)
) STRICT;

CREATE TABLE attestation (
    job                   INTEGER NOT NULL REFERENCES job (id),
    attempt               INTEGER NOT NULL,
    credential            BLOB    NOT NULL,
    aaguid                TEXT    NOT NULL,
    client_data_json      BLOB    NOT NULL,
    attestation_object    BLOB    NOT NULL,
    format                TEXT    NOT NULL,
    credential_protection INTEGER,
    hmac_secret           INTEGER NOT NULL,
    algorithm             INTEGER NOT NULL,
    PRIMARY KEY (job, attempt)
) STRICT;

-- Every passkey that this station made. `replaced`: a newer key takes its place; `gone`: it was deleted at Entra.
CREATE TABLE passkey (
    credential BLOB    PRIMARY KEY,
    job        INTEGER NOT NULL REFERENCES job (id),
    attempt    INTEGER NOT NULL,
    aaguid     TEXT    NOT NULL,
    method     TEXT,
    state      TEXT    NOT NULL CHECK (state IN ('made', 'registered', 'abandoned', 'replaced', 'gone')),
    made       INTEGER NOT NULL,
    registered INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX passkey_job ON passkey (job);
CREATE INDEX passkey_method ON passkey (method);

-- One row per printed sheet or sent link, by its control number.
CREATE TABLE delivery (
    control TEXT    PRIMARY KEY,
    job     INTEGER NOT NULL REFERENCES job (id),
    attempt INTEGER NOT NULL,
    state   TEXT    NOT NULL CHECK (state IN ('started', 'delivered', 'void')),
    target  TEXT,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_job ON delivery (job);

CREATE TABLE obligation (
    id     INTEGER PRIMARY KEY,
    job    INTEGER NOT NULL REFERENCES job (id),
    kind   TEXT    NOT NULL CHECK (kind IN ('replaced', 'orphan')),
    target TEXT    NOT NULL,
    state  TEXT    NOT NULL CHECK (state IN ('open', 'deleting', 'settled', 'spared')),
    due    INTEGER NOT NULL,
    looks  INTEGER NOT NULL DEFAULT 0,
    why    TEXT,
    UNIQUE (job, kind, target)
) STRICT;
CREATE INDEX obligation_due ON obligation (due) WHERE state IN ('open', 'deleting');

CREATE TABLE checkpoint (
    seq       INTEGER PRIMARY KEY REFERENCES journal (seq),
    hash      BLOB NOT NULL CHECK (length(hash) = 32),
    at        INTEGER NOT NULL,
    key       BLOB NOT NULL CHECK (length(key) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;
