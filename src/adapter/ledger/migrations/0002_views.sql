-- Questions that administrators ask, as plain SELECTs.

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
       datetime(job.updated / 1000, 'unixepoch') AS since_utc
FROM job
JOIN batch ON batch.id = job.batch
JOIN passkey ON passkey.job = job.id AND passkey.state = 'registered'
LEFT JOIN request ON request.job = job.id
LEFT JOIN person ON person.id = request.person
WHERE job.standing = 'done';

CREATE VIEW keys_to_be_deleted AS
SELECT person.user, obligation.kind, obligation.target, obligation.state, obligation.looks,
       datetime(obligation.due / 1000, 'unixepoch') AS due_utc, obligation.job
FROM obligation
LEFT JOIN request ON request.job = obligation.job
LEFT JOIN person ON person.id = request.person
WHERE obligation.state IN ('open', 'deleting');

CREATE VIEW batches AS
SELECT batch.name, batch.file_name, datetime(batch.admitted / 1000, 'unixepoch') AS admitted_utc,
       count(*) AS jobs,
       sum(job.standing = 'done') AS done,
       sum(job.standing = 'held') AS held,
       sum(job.standing = 'cancelled') AS cancelled
FROM batch JOIN job ON job.batch = batch.id
GROUP BY batch.id;
