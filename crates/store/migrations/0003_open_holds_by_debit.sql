-- What is still held of an account, by when it ends: whoever finds a limit reached lets go of what
-- is overdue there, however much is overdue elsewhere. Small, because it loses a row when a hold
-- ends.
CREATE INDEX open_holds_by_debit
    ON transfers (project, debit_kind, debit_owner, debit_party, debit_period, expires_at)
    WHERE state = 0;
