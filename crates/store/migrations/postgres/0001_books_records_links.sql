-- The first schema: accounts and transfers, records, links between them, keys already used.
--
-- Every key and index begins with the project, so that one project can live apart from the others
-- and an engine that spreads rows over machines keeps a project's together. Nothing here or in a
-- statement is PostgreSQL's alone: no serial numbers, no foreign keys, no triggers, no procedures.
-- Numbers that the code holds as unsigned 64 bits are kept as signed ones of the same bits.
-- Times are milliseconds since 1970, UTC. Amounts are whole minor units of the account's asset.
--
-- A migration only adds: a table, an index, a column that may be absent. While it is applied and
-- until the last process is replaced, processes of the version before serve on the same tables.

-- Both sides of every account. It can be computed again from the transfers, and an audit does.
-- Balances change with every command: room is left on each page, so that a new version of a row
-- stays on it and no index is touched.
CREATE TABLE accounts (
    project         BIGINT NOT NULL,
    kind            BIGINT NOT NULL, -- the line of the chart of accounts
    owner           BIGINT NOT NULL, -- whose: a campaign, a voucher, an experiment
    party           BIGINT NOT NULL, -- which customer, arm or counterpart, or 0
    period          BIGINT NOT NULL, -- which period of a cap, or 0
    asset           BIGINT NOT NULL, -- 0 a currency, 1 points, 2 uses, 3 touches
    asset_detail    BIGINT NOT NULL, -- the currency's letters as a number, the programme, or 0
    limited         BIGINT NOT NULL, -- 0 no, 1 debits within credits, 2 credits within debits
    debits_pending  BIGINT NOT NULL,
    debits_posted   BIGINT NOT NULL,
    credits_pending BIGINT NOT NULL,
    credits_posted  BIGINT NOT NULL,
    PRIMARY KEY (project, kind, owner, party, period)
) WITH (fillfactor = 70);

-- Every transfer ever applied. Nothing of a row changes but the state of a pending one.
CREATE TABLE transfers (
    project       BIGINT NOT NULL,
    chain         BIGINT NOT NULL,
    line          BIGINT NOT NULL,
    debit_kind    BIGINT NOT NULL,
    debit_owner   BIGINT NOT NULL,
    debit_party   BIGINT NOT NULL,
    debit_period  BIGINT NOT NULL,
    credit_kind   BIGINT NOT NULL,
    credit_owner  BIGINT NOT NULL,
    credit_party  BIGINT NOT NULL,
    credit_period BIGINT NOT NULL,
    amount        BIGINT NOT NULL,
    code          BIGINT NOT NULL, -- the reason, from the chart of accounts
    kind          BIGINT NOT NULL, -- 0 direct, 1 pending, 2 post, 3 void
    expires_at    BIGINT,          -- of a pending one
    pending_chain BIGINT,          -- of a post or void: what it ends
    pending_line  BIGINT,
    state         BIGINT,          -- of a pending one: 0 open, 1 posted, 2 voided, 3 expired
    applied_at    BIGINT NOT NULL,
    PRIMARY KEY (project, chain, line)
);

-- The statement of an account that all parties share, from either side. A party's own are found by
-- the links of the party.
CREATE INDEX transfers_by_debit
    ON transfers (project, debit_kind, debit_owner, debit_period, chain, line)
    WHERE debit_party = 0;
CREATE INDEX transfers_by_credit
    ON transfers (project, credit_kind, credit_owner, credit_period, chain, line)
    WHERE credit_party = 0;

-- What is still held, by when it ends.
CREATE INDEX transfers_due ON transfers (project, expires_at) WHERE state = 0;

-- What is still held of an account, by when it ends: whoever finds a limit reached lets go of what
-- is overdue there, however much is overdue elsewhere. Small, because it loses a row when a hold
-- ends.
CREATE INDEX open_holds_by_debit
    ON transfers (project, debit_kind, debit_owner, debit_party, debit_period, expires_at)
    WHERE state = 0;

-- Everything that is not an account or a transfer: bytes under a kind and an id.
CREATE TABLE records (
    project BIGINT NOT NULL,
    kind    BIGINT NOT NULL,
    id      BIGINT NOT NULL,
    version BIGINT NOT NULL, -- rises by one with each write, from 1
    body    BYTEA  NOT NULL,
    PRIMARY KEY (project, kind, id)
);

-- How many records of a kind there are, so that nobody has to walk them. Cut into slots that are
-- added when somebody asks: each process counts in a slot of its own choice, so that two that add
-- records of one kind need not wait for each other.
CREATE TABLE counts (
    project BIGINT NOT NULL,
    kind    BIGINT NOT NULL,
    slot    BIGINT NOT NULL,
    records BIGINT NOT NULL,
    PRIMARY KEY (project, kind, slot)
);

-- Keys that point to one record at most: codes, outside ids, pseudonyms.
CREATE TABLE unique_links (
    project BIGINT NOT NULL,
    idx     BIGINT NOT NULL,
    key     BYTEA  NOT NULL,
    id      BIGINT NOT NULL,
    PRIMARY KEY (project, idx, key)
);

-- Keys that point to many. Index 0 is the store's own: under a party, as eight bytes, the chains
-- that touch an account of the party. They are few, so the accounts are not told apart.
CREATE TABLE links (
    project BIGINT NOT NULL,
    key     BYTEA  NOT NULL,
    idx     BIGINT NOT NULL,
    id      BIGINT NOT NULL,
    PRIMARY KEY (project, key, idx, id)
);

-- Commands that were given a key, with what they were answered, so that a retry changes nothing.
CREATE TABLE once (
    project     BIGINT NOT NULL,
    key         BYTEA  NOT NULL,
    fingerprint BYTEA  NOT NULL,
    answer      BYTEA  NOT NULL,
    created_at  BIGINT NOT NULL, -- for whoever clears out old ones
    PRIMARY KEY (project, key)
);

-- Old idempotency keys are found by their age. New ones land at the end.
CREATE INDEX once_by_age ON once (project, created_at);

-- Batches that were committed, by a number that was drawn for each. A writer whose connection is
-- lost while it commits adds the row again: where that fails the batch is durable, where it
-- succeeds it never happened. A batch has the project of its first command. Swept after an hour.
CREATE TABLE batches (
    project BIGINT NOT NULL,
    id      BYTEA  NOT NULL,
    at      BIGINT NOT NULL, -- by the clock of the database
    PRIMARY KEY (project, id)
);

CREATE INDEX batches_by_age ON batches (project, at);
