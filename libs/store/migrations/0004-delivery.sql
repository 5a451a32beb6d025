-- A push whose system has become one that fetches, or that has no system any more, waits in the mailbox from then on.
grant update (mode) on consignment to lt_delivery;
-- What was wrong with an attempt, in the words of the catalogue; `answer` is what the receiver said.
alter table delivery_attempt add column code text;
grant update (code) on delivery_attempt to lt_delivery;
