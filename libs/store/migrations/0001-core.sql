--! breaking
-- The truth of a document's way. Partitioned tables are cut by month on their own UUIDv7 ids, bounds written as UUIDs,
-- so that the primary key stays the id and old months can be detached.

create function uuid_floor(at timestamptz) returns uuid
  language sql immutable parallel safe
  return (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid;

create table dispatch (
  id uuid primary key,
  version int not null default 1,
  state text not null default 'ACCEPTED' check (state in ('ACCEPTED', 'ROUTED', 'CLOSED')),
  traffic text not null default 'real' check (traffic in ('real', 'test')),
  lane text not null check (lane in ('urgent', 'normal')),
  kind text not null check (kind in ('document', 'status')),
  system_id uuid not null,
  sender_code text not null,
  document_id text not null,
  number text not null,
  notation text not null,
  promulgation_date date,
  subject text not null,
  business_type text not null check (business_type in ('new', 'recall', 'update', 'replace')),
  priority smallint not null,
  due_date date,
  task_code text,
  form text not null check (form in ('inline', 'detached')),
  content_hash bytea not null,
  content_size bigint not null,
  content_state text not null default 'KEPT' check (content_state in ('KEPT', 'DELETING', 'DELETED')),
  content_hold boolean not null default false,
  -- [{agency, consignment, asWritten: [...]}] in the order of the packet; fixed by admission, read by routing.
  recipients jsonb not null,
  signature jsonb not null,
  facts jsonb not null,
  accepted_at timestamptz not null,
  routed_at timestamptz,
  closed_at timestamptz,
  recall_marked_at timestamptz,
  publish_round int not null default 0,
  next_publish_at timestamptz not null
) partition by range (id);
create index dispatch_work on dispatch (next_publish_at) where state = 'ACCEPTED';
create index dispatch_document on dispatch (sender_code, document_id);
-- A reply that has no document id names a document as it is printed: number/notation.
create index dispatch_code on dispatch (sender_code, (number || '/' || notation)) where kind = 'document';

create table consignment (
  id uuid primary key,
  dispatch_id uuid not null,
  version int not null default 1,
  agency_code text not null,
  as_written text[] not null,
  kind text not null check (kind in ('document', 'status')),
  lane text not null check (lane in ('urgent', 'normal')),
  mode text not null check (mode in ('pull', 'push')),
  state text not null check (state in ('AVAILABLE', 'QUEUED', 'RETRYING', 'HANDED_OVER', 'ACKNOWLEDGED', 'REFUSED',
                                       'HELD', 'DEAD', 'EXPIRED', 'RECALLED')),
  previous_id uuid,
  available_at timestamptz not null,
  lease_token uuid,
  lease_until timestamptz,
  lease_system uuid,
  handed_over_at timestamptz,
  ended_at timestamptz,
  refusal_reason text,
  refusal_text text,
  recall_pending boolean not null default false,
  attempt int not null default 0,
  next_attempt_at timestamptz,
  publish_round int not null default 0,
  next_publish_at timestamptz
) partition by range (id);
create index consignment_mailbox on consignment (agency_code, lane, id)
  where state in ('AVAILABLE', 'HANDED_OVER') and mode = 'pull';
create index consignment_lease on consignment (agency_code, lease_until)
  where state in ('AVAILABLE', 'HANDED_OVER') and mode = 'pull' and lease_until is not null;
create index consignment_dispatch on consignment (dispatch_id);
create index consignment_work on consignment (next_publish_at) where state in ('QUEUED', 'RETRYING');

-- Only acceptances are remembered: the same bytes from the same system for the same agency are the same submission.
create table submission_recipient (
  system_id uuid not null,
  content_hash bytea not null,
  agency_code text not null,
  dispatch_id uuid not null,
  consignment_id uuid not null,
  primary key (system_id, content_hash, agency_code)
);
create index submission_recipient_dispatch on submission_recipient (dispatch_id);

create table submission_key (
  system_id uuid not null,
  idempotency_key text not null,
  content_hash bytea not null,
  dispatch_id uuid not null,
  primary key (system_id, idempotency_key)
);

-- The first dispatch that carried a document, per sender, document id and business type.
create table document_key (
  sender_code text not null,
  document_id text not null,
  business_type text not null,
  dispatch_id uuid not null,
  primary key (sender_code, document_id, business_type)
);

create table reply_link (
  dispatch_id uuid not null,
  ordinal smallint not null,
  agency_code text not null,
  document_id text,
  code text not null,
  primary key (dispatch_id, ordinal)
);
create index reply_link_target on reply_link (agency_code, document_id, dispatch_id);
create index reply_link_code on reply_link (agency_code, code, dispatch_id) where document_id is null;

create table content (
  dispatch_id uuid not null,
  ordinal smallint not null,
  role text not null check (role in ('packet', 'envelope', 'attachment')),
  content_id text,
  name text,
  media_type text,
  size bigint not null,
  sha256 bytea not null,
  bytes bytea,
  path text,
  -- An attachment inside a packet: the byte range of its Base64 text in part 0, when it was long enough to be cut out on the way in;
  -- a short one is read from the packet when asked for. `size` and `sha256` are of the decoded bytes.
  range_start bigint,
  range_end bigint,
  primary key (dispatch_id, ordinal),
  check (num_nonnulls(bytes, path, range_start) = 1 or (role = 'attachment' and num_nonnulls(bytes, path, range_start) = 0))
) partition by range (dispatch_id);

create table refusal (
  id uuid primary key,
  system_id uuid not null,
  refused_at timestamptz not null,
  code text not null,
  params jsonb not null,
  sha256 bytea,
  size bigint
);
create index refusal_system on refusal (system_id, id);

create table status_report (
  dispatch_id uuid primary key,
  reporter_code text not null,
  subject_code text not null,
  document_id text not null,
  code text not null,
  description text,
  stated_at text,
  reported_at timestamptz not null,
  about_dispatch_id uuid,
  about_consignment_id uuid
);
create index status_report_about on status_report (about_dispatch_id, dispatch_id);

create table delivery_attempt (
  consignment_id uuid not null,
  attempt int not null,
  claimed_at timestamptz not null,
  deadline timestamptz not null,
  ended_at timestamptz,
  outcome text check (outcome in ('delivered', 'transient', 'permanent', 'busy', 'ambiguous')),
  http_status smallint,
  duration_ms int,
  answer text,
  primary key (consignment_id, attempt)
);
create index delivery_attempt_open on delivery_attempt (deadline) where ended_at is null;

-- The log. An entry and its details are written in the transaction of the move; the sequencer gives it an index later.
create table audit_entry (
  id uuid primary key,
  event text not null,
  event_time timestamptz not null,
  dispatch_id uuid,
  consignment_id uuid,
  details_digest bytea not null,
  leaf_hash bytea not null
) partition by range (id);
create index audit_entry_dispatch on audit_entry (dispatch_id);

create table audit_detail (
  entry_id uuid primary key,
  salt bytea not null,
  details text not null
);

create table audit_pending (
  seq bigint generated always as identity primary key,
  entry_id uuid not null,
  leaf_hash bytea not null
);
create index audit_pending_entry on audit_pending (entry_id);

create table log_origin (
  epoch int primary key,
  origin text not null unique,
  opened_at timestamptz not null default now()
);

create table log_leaf (
  epoch int not null references log_origin,
  index bigint not null,
  entry_id uuid not null unique,
  leaf_hash bytea not null,
  primary key (epoch, index)
);

create table log_cursor (
  reader text primary key,
  epoch int not null,
  index bigint not null
);

-- Evidence that was signed. Submission receipts are written in the acceptance's commit; later ones when first asked for.
create table receipt (
  id uuid primary key,
  entry_id uuid not null unique,
  dispatch_id uuid not null,
  consignment_id uuid,
  event text not null,
  event_time timestamptz not null,
  signing_time timestamptz not null,
  xml bytea not null
);
create index receipt_dispatch on receipt (dispatch_id);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'table % is append-only', tg_table_name using errcode = 'LT003';
end $$;
create trigger append_only before update or delete on audit_entry for each row execute function refuse_change();
create trigger append_only before update or delete on log_leaf for each row execute function refuse_change();
create trigger append_only before update or delete on receipt for each row execute function refuse_change();
create trigger no_truncate before truncate on audit_entry execute function refuse_change();
create trigger no_truncate before truncate on log_leaf execute function refuse_change();
create trigger no_truncate before truncate on receipt execute function refuse_change();

-- A submission is written whole or not at all: some of its recipients known and others not is nobody's receipt.
create function refuse_partial(partial bigint) returns bigint language plpgsql as $$
begin
  if partial > 0 then
    raise exception 'a submission would be written in part' using errcode = 'LT001';
  end if;
  return partial;
end $$;

-- Monthly partitions for `months` months from the one that holds `start`; safe to call at any time.
create function ensure_partitions(start timestamptz, months int) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  parent text;
  month timestamptz;
  part text;
begin
  perform pg_advisory_xact_lock(hashtext('lienthong.partitions'));
  for i in 0 .. months - 1 loop
    month := date_trunc('month', start at time zone 'UTC') at time zone 'UTC';
    month := ((month at time zone 'UTC') + make_interval(months => i)) at time zone 'UTC';
    foreach parent in array array['dispatch', 'consignment', 'content', 'audit_entry'] loop
      part := format('%s_%s', parent, to_char(month at time zone 'UTC', 'YYYYMM'));
      if to_regclass(part) is null then
        execute format('create table %I partition of %I for values from (%L) to (%L)', part, parent,
          uuid_floor(month), uuid_floor(((month at time zone 'UTC') + interval '1 month') at time zone 'UTC'));
      end if;
    end loop;
  end loop;
end $$;
select ensure_partitions(now() - interval '1 month', 6);

insert into log_origin (epoch, origin) values (0, 'lienthong/' || gen_random_uuid());

-- Rights: each service does what its stage does and nothing else.
revoke all on function ensure_partitions(timestamptz, int) from public;
grant execute on function ensure_partitions(timestamptz, int) to lt_routing, lt_cli;

-- The bytes of documents are read by the two services that hand them over; operators see what there is, not what it says.
grant select on dispatch, consignment, content, submission_recipient, submission_key, document_key, reply_link, status_report,
  audit_entry, audit_detail, log_origin, log_leaf, receipt to lt_gateway;
grant select (id) on refusal to lt_gateway;
grant select (seq, entry_id) on audit_pending to lt_gateway;
grant select on dispatch, consignment, status_report to lt_routing;
grant select on dispatch, consignment, content, delivery_attempt to lt_delivery;
grant select on dispatch, consignment, audit_entry, log_origin, log_leaf, log_cursor, receipt to lt_receipts;
grant select on audit_pending, audit_entry, log_origin, log_leaf to lt_audit;
grant select on dispatch, consignment, submission_recipient, reply_link, refusal, status_report, delivery_attempt, audit_entry,
  audit_detail, audit_pending, log_origin, log_leaf, log_cursor, receipt to lt_console, lt_cli;
grant select (dispatch_id, ordinal, role, content_id, name, media_type, size, sha256, path, range_start, range_end)
  on content to lt_console, lt_cli;
grant insert on audit_entry, audit_detail, audit_pending
  to lt_gateway, lt_routing, lt_delivery, lt_receipts, lt_console, lt_cli;

grant insert on dispatch, submission_recipient, submission_key, document_key, reply_link, content, refusal, receipt to lt_gateway;
grant update (state, version, lease_token, lease_until, lease_system, handed_over_at, ended_at, refusal_reason, refusal_text)
  on consignment to lt_gateway;
-- A re-send makes a linked consignment and opens its dispatch again.
grant insert on consignment to lt_gateway;
grant update (consignment_id) on submission_recipient to lt_gateway;
grant update (state, version, closed_at) on dispatch to lt_gateway;
grant update (publish_round, next_publish_at) on dispatch to lt_routing;

grant update (state, version, routed_at) on dispatch to lt_routing;
grant insert on consignment, status_report to lt_routing;
grant update (publish_round, next_publish_at) on consignment to lt_routing, lt_delivery;

grant insert on delivery_attempt to lt_delivery;
grant update (ended_at, outcome, http_status, duration_ms, answer) on delivery_attempt to lt_delivery;
grant update (state, version, attempt, next_attempt_at, handed_over_at, ended_at, refusal_reason, refusal_text)
  on consignment to lt_delivery;

grant update (state, version, closed_at) on dispatch to lt_receipts;
grant insert on receipt to lt_receipts;
grant insert, update on log_cursor to lt_receipts;

grant delete on audit_pending to lt_audit;
grant insert on log_leaf, log_origin to lt_audit;
