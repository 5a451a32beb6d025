-- Business operations of QCVN 102:2016: recall, update, replacement and take-back (status 13), beside the transport states.

-- Whom a recall takes a dispatch from that is not routed yet: {agency code: id of the dispatch that asks}. It lies on the row itself,
-- because routing must see it in the row it locks, not in a snapshot that is older than the lock.
alter table dispatch add column recall_marks jsonb;

-- What one dispatch asks of one consignment of another, and what came of it. A fact beside the consignment's state:
-- `withdrawn`  the document had not left: RECALLED at once, the receiver never sees it
-- `pending`    the receiver has it, or may have it: it stands until status 15 or 16
-- `agreed` `declined`  what the receiver answered; `superseded`: a later request took its place
-- `void`       there is nothing to ask: refused by its receiver, expired unseen, or recalled before
create table business_request (
  dispatch_id uuid not null,
  consignment_id uuid not null,
  target_dispatch_id uuid not null,
  agency_code text not null,
  action text not null check (action in ('recall', 'update', 'replace', 'remove')),
  outcome text not null check (outcome in ('withdrawn', 'pending', 'agreed', 'declined', 'superseded', 'void')),
  opened_at timestamptz not null,
  settled_at timestamptz,
  -- The status dispatch (15 or 16) that settled it.
  answer_id uuid,
  primary key (dispatch_id, consignment_id)
);
create index business_request_target on business_request (target_dispatch_id, consignment_id);
create index business_request_open on business_request (agency_code, dispatch_id) where outcome = 'pending';

-- Who else issued a document of that id: tells a receiver that it is not its own to recall.
create index document_key_document on document_key (document_id);

grant select on business_request to lt_gateway, lt_delivery, lt_receipts, lt_console, lt_cli;
grant select, insert, update (outcome, settled_at, answer_id) on business_request to lt_routing;
-- A receiver added later gets the document as one more consignment of the dispatch that carried it.
grant update (recall_marked_at, recall_marks, recipients, closed_at) on dispatch to lt_routing;
grant insert on submission_recipient to lt_routing;
grant update (state, version, ended_at, recall_pending, next_attempt_at) on consignment to lt_routing;
grant select (consignment_id, ended_at), update (ended_at, outcome) on delivery_attempt to lt_routing;
