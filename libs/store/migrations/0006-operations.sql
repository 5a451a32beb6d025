-- What operators do: who they are, what needs a second pair of eyes, and what they asked for.

create table operator (
  id uuid primary key,
  -- Stands in audit entries: never given to another person, not even after a revocation.
  name text not null unique check (length(name) between 1 and 100),
  role text not null check (role in ('operator', 'administrator')),
  -- SHA-256 of the secret part of the access key; the key itself is shown once and kept nowhere.
  key_hash bytea not null check (length(key_hash) = 32),
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);

-- Which actions need a second operator's approval: none unless a number stands here; then those that affect more than so many.
create table operation_policy (
  action text primary key
    check (action in ('hold', 'release', 'requeue', 'replay', 'close', 'suspend', 'resume', 'maintenance')),
  approval_above int check (approval_above >= 0),
  -- How long a request waits for its second operator.
  expires_hours int not null default 24 check (expires_hours between 1 and 720)
);
insert into operation_policy (action)
  values ('hold'), ('release'), ('requeue'), ('replay'), ('close'), ('suspend'), ('resume'), ('maintenance');

create table operation_request (
  id uuid primary key,
  action text not null references operation_policy,
  -- What was asked for, in the words of the request: a query, ids, a system.
  subject jsonb not null,
  -- What exactly is done once it is approved: consignments with the versions that the requester saw. Others are left alone.
  snapshot jsonb not null,
  -- SHA-256 over subject and snapshot: the second operator names what he approves.
  digest bytea not null check (length(digest) = 32),
  affected int not null,
  reason text not null,
  requested_by uuid not null references operator,
  requested_at timestamptz not null default now(),
  expires_at timestamptz not null,
  state text not null default 'PENDING' check (state in ('PENDING', 'EXECUTING', 'DONE', 'REJECTED')),
  decided_by uuid references operator,
  decided_at timestamptz,
  decision_reason text,
  result jsonb,
  finished_at timestamptz,
  check ((state = 'PENDING') = (decided_by is null)),
  check (state not in ('EXECUTING', 'DONE') or decided_by <> requested_by)
);
create index operation_request_open on operation_request (id) where state in ('PENDING', 'EXECUTING');

-- One row: whether new submissions are let in.
create table maintenance (
  one boolean primary key default true check (one),
  since timestamptz,
  -- When it is expected to end; what senders are told to wait for.
  until timestamptz,
  reason text,
  by_operator text,
  check ((since is null) = (reason is null))
);
insert into maintenance default values;

-- Attempts made before an operator queued it again: the limit of attempts and the pauses between them begin anew.
alter table consignment add column attempt_base int not null default 0;
-- What waits for an operator is little, however many there ever were.
create index consignment_operable on consignment (state, id) where state in ('HELD', 'DEAD', 'EXPIRED');

grant select on operator, operation_policy, operation_request, maintenance to lt_console, lt_cli;
grant select on maintenance to lt_gateway;
grant update on maintenance to lt_console, lt_cli;
grant update (approval_above, expires_hours) on operation_policy to lt_console, lt_cli;
grant insert on operation_request to lt_console, lt_cli;
grant update (state, decided_by, decided_at, decision_reason, result, finished_at) on operation_request to lt_console, lt_cli;
-- Keys are given out by whoever has the command line of the axis, never over the network.
grant insert on operator to lt_cli;
grant update (revoked_at) on operator to lt_cli;
grant update (state, version, mode, available_at, lease_token, lease_until, lease_system, ended_at, refusal_reason, refusal_text,
  attempt_base, next_attempt_at, publish_round, next_publish_at) on consignment to lt_console, lt_cli;
grant update (state, version, closed_at) on dispatch to lt_console, lt_cli;
grant update (suspended_at, suspended_reason) on system to lt_console;
-- `lienthong rebuild`: what waits is due at once.
grant update (next_publish_at) on dispatch to lt_cli;
