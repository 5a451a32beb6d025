-- Pushing without one endpoint slowing another, and web hooks for senders.

-- What an operator may set of one system; null: as the settings of the delivery service say.
alter table system
  add column push_concurrency int check (push_concurrency between 1 and 1000),
  add column push_per_minute int check (push_per_minute between 1 and 1000000),
  add column push_ttl_minutes int check (push_ttl_minutes between 1 and 525600),
  add column hook_url text,
  -- Whether the signed receipts come along with the notices about them.
  add column hook_receipts boolean not null default false;
create trigger bump_push before update of push_concurrency, push_per_minute, push_ttl_minutes, hook_url, hook_receipts
  on system for each statement execute function bump_registry();

-- Circuit breakers: one row per endpoint that failed. Here and not in Redis, so that every process sees the same and a wipe opens no
-- dead endpoint to everybody at once. `wait_until`: when the next probe may go; half open: when the probe under way counts as lost.
create table push_breaker (
  system_id uuid not null references system,
  purpose text not null check (purpose in ('push', 'hook')),
  version int not null default 1,
  endpoint text not null,
  state text not null check (state in ('closed', 'open', 'half-open')),
  failures int not null,
  probes int not null,
  wait_until timestamptz,
  opened_at timestamptz,
  -- What was wrong last, in the words of the catalogue.
  code text,
  primary key (system_id, purpose)
);

-- When the next push to a system with a bounded rate may begin.
create table push_pace (
  system_id uuid primary key references system,
  next_at timestamptz not null
);

-- Waiting pushes of an agency, for the probe of its system: urgent ones first.
-- What turns to push begins its time to live then.
grant update (available_at) on consignment to lt_delivery;
create index consignment_push on consignment (agency_code, lane, id) where state in ('QUEUED', 'RETRYING') and mode = 'push';

-- What senders are still to be told. The reader of the log writes, delivery deletes what was taken.
create table hook_notice (
  system_id uuid not null references system,
  epoch int not null,
  index bigint not null,
  entry_id uuid not null,
  event text not null,
  event_time timestamptz not null,
  dispatch_id uuid not null,
  consignment_id uuid,
  -- Of a business status: its code.
  status text,
  primary key (system_id, epoch, index)
);

-- One row per system that was ever told something. `waiting` is the number of its notices; above the bound further ones are counted in
-- `dropped` only, until it has been told to look for itself.
create table hook_state (
  system_id uuid primary key references system,
  version int not null default 1,
  waiting int not null default 0,
  dropped bigint not null default 0,
  dropped_at timestamptz,
  attempt bigint not null default 0,
  failures int not null default 0,
  next_at timestamptz not null default now(),
  lease_until timestamptz,
  delivered_at timestamptz
);

create table hook_attempt (
  system_id uuid not null references system,
  attempt bigint not null,
  notices int not null,
  claimed_at timestamptz not null,
  ended_at timestamptz,
  outcome text check (outcome in ('delivered', 'transient', 'permanent', 'busy', 'ambiguous')),
  http_status smallint,
  duration_ms int,
  code text,
  answer text,
  primary key (system_id, attempt)
);
create index hook_attempt_old on hook_attempt (claimed_at);

grant select, insert, update on push_breaker, push_pace to lt_delivery;
grant select, delete on hook_notice to lt_delivery;
grant select, update on hook_state to lt_delivery;
grant select, insert, delete on hook_attempt to lt_delivery;
grant update (ended_at, outcome, http_status, duration_ms, code, answer) on hook_attempt to lt_delivery;
grant select on receipt to lt_delivery;

grant select (system_id), insert on hook_notice to lt_receipts;
grant select, insert on hook_state to lt_receipts;
grant update (waiting, dropped, dropped_at, version) on hook_state to lt_receipts;
-- Receipts that come along with a notice are signed when the notice is written.
grant select on audit_detail, status_report to lt_receipts;
grant select (dispatch_id, ordinal, role, content_id, name, media_type, size, sha256, path, range_start, range_end)
  on content to lt_receipts;

grant select on push_breaker, push_pace, hook_notice, hook_state, hook_attempt to lt_console, lt_cli;
