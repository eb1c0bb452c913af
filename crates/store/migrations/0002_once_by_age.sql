-- Old idempotency keys are found by their age. New ones land at the end.
CREATE INDEX once_by_age ON once (project, created_at);
