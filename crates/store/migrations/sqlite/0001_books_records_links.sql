-- The first schema: accounts and transfers, records, links between them, keys already used.
--
-- Every key begins with the project, so that one project can live apart from the others.
-- Tables of small rows are clustered by their key: a read by key is one descent of one tree. What
-- one command touches stands together: every page that is touched is written to the log whole.
-- Where a row may fill a good part of a page it is kept apart from its key, because SQLite spills
-- such rows out of a clustered tree, page by page.
-- Numbers that the code holds as unsigned 64 bits are kept as signed ones of the same bits.
-- Times are milliseconds since 1970, UTC. Amounts are whole minor units of the account's asset.

-- Both sides of every account. It can be computed again from the transfers, and an audit does.
CREATE TABLE accounts (
    project        INTEGER NOT NULL,
    series         INTEGER NOT NULL, -- the line of the chart of accounts is 100 hundred + series:
    owner          INTEGER NOT NULL, -- whose: a campaign, a voucher, an experiment
    party          INTEGER NOT NULL, -- which customer, arm or counterpart, or 0
    period         INTEGER NOT NULL, -- which period of a cap, or 0
    hundred        INTEGER NOT NULL, -- so the accounts of one limit are rows side by side
    asset          INTEGER NOT NULL, -- 0 a currency, 1 points, 2 uses, 3 touches
    asset_detail   INTEGER NOT NULL, -- the currency's letters as a number, the programme, or 0
    limited        INTEGER NOT NULL, -- 0 no, 1 debits within credits, 2 credits within debits
    debits_pending  INTEGER NOT NULL,
    debits_posted   INTEGER NOT NULL,
    credits_pending INTEGER NOT NULL,
    credits_posted  INTEGER NOT NULL,
    PRIMARY KEY (project, series, owner, party, period, hundred)
) WITHOUT ROWID;

-- Every transfer ever applied. Nothing of a row changes but the state of a pending one.
CREATE TABLE transfers (
    project       INTEGER NOT NULL,
    chain         INTEGER NOT NULL,
    line          INTEGER NOT NULL,
    debit_kind    INTEGER NOT NULL,
    debit_owner   INTEGER NOT NULL,
    debit_party   INTEGER NOT NULL,
    debit_period  INTEGER NOT NULL,
    credit_kind   INTEGER NOT NULL,
    credit_owner  INTEGER NOT NULL,
    credit_party  INTEGER NOT NULL,
    credit_period INTEGER NOT NULL,
    amount        INTEGER NOT NULL,
    code          INTEGER NOT NULL, -- the reason, from the chart of accounts
    kind          INTEGER NOT NULL, -- 0 direct, 1 pending, 2 post, 3 void
    expires_at    INTEGER,          -- of a pending one
    pending_chain INTEGER,          -- of a post or void: what it ends
    pending_line  INTEGER,
    state         INTEGER,          -- of a pending one: 0 open, 1 posted, 2 voided, 3 expired
    applied_at    INTEGER NOT NULL,
    PRIMARY KEY (project, chain, line)
) WITHOUT ROWID;

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
    project INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    version INTEGER NOT NULL, -- rises by one with each write, from 1
    body    BLOB    NOT NULL,
    PRIMARY KEY (project, kind, id)
);

-- How many records of a kind there are, so that nobody has to walk them.
CREATE TABLE counts (
    project INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    records INTEGER NOT NULL,
    PRIMARY KEY (project, kind)
) WITHOUT ROWID;

-- Keys that point to one record at most: codes, outside ids, pseudonyms.
CREATE TABLE unique_links (
    project INTEGER NOT NULL,
    idx     INTEGER NOT NULL,
    key     BLOB    NOT NULL,
    id      INTEGER NOT NULL,
    PRIMARY KEY (project, idx, key)
) WITHOUT ROWID;

-- Keys that point to many. The key comes before the index: what is found under one customer is
-- side by side, whatever it is. Index 0 is the store's own: under a party, as eight bytes, the chains
-- that touch an account of the party. They are few, so the accounts are not told apart.
CREATE TABLE links (
    project INTEGER NOT NULL,
    key     BLOB    NOT NULL,
    idx     INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    PRIMARY KEY (project, key, idx, id)
) WITHOUT ROWID;

-- Commands that were given a key, with what they were answered, so that a retry changes nothing.
CREATE TABLE once (
    project     INTEGER NOT NULL,
    key         BLOB    NOT NULL,
    fingerprint BLOB    NOT NULL,
    answer      BLOB    NOT NULL,
    created_at  INTEGER NOT NULL, -- for whoever clears out old ones
    PRIMARY KEY (project, key)
);

-- Old idempotency keys are found by their age. New ones land at the end.
CREATE INDEX once_by_age ON once (project, created_at);
