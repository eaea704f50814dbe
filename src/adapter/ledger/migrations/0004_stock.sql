-- The keys that vendors' lists say are ours.
CREATE TABLE stock (
    serial   TEXT PRIMARY KEY COLLATE NOCASE,
    model    TEXT,
    aaguid   TEXT,
    imported INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Passkeys that an administrator had deleted at Entra. Whose they were lies here alone, so that it can be erased; the row of
-- the journal has a hash of it under the salt.
CREATE TABLE removal (
    id       INTEGER PRIMARY KEY,
    method   TEXT    NOT NULL,
    state    TEXT    NOT NULL CHECK (state IN ('deleting', 'deleted', 'was_gone', 'refused')),
    user     TEXT,
    user_key TEXT,
    name     TEXT,
    reason   TEXT,
    salt     BLOB CHECK (length(salt) = 32),
    actor    TEXT    NOT NULL,
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX removal_user ON removal (user_key);
CREATE INDEX removal_open ON removal (id) WHERE state = 'deleting';
