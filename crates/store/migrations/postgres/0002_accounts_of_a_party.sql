-- The accounts that a party has in a period: whoever decides for a customer asks for them with the
-- customer, in one round trip, before it is known which of them matter.
--
-- On a large table, make it beforehand (CREATE INDEX CONCURRENTLY, of this name and these columns):
-- then nobody waits while this is applied.
CREATE INDEX IF NOT EXISTS accounts_by_party ON accounts (project, party, period);
