-- Terms that run while a document travels, and what people are told when one passes.

-- One row per consignment some term of which still runs; deleted when none does. Read by `due_at` against the database's clock.
create table consignment_clock (
  consignment_id uuid primary key,
  dispatch_id uuid not null,
  version int not null default 1,
  -- From when the terms count: when it was consigned, or by its latest requeue, release or reassignment.
  since timestamptz not null,
  -- When it has to be looked at next.
  due_at timestamptz not null,
  -- {rule: when it was found to have passed}
  done jsonb not null default '{}'
);
create index consignment_clock_due on consignment_clock (due_at);

-- A system that stopped calling, from when it was seen last until it was seen again. One open silence each.
create table system_silence (
  system_id uuid not null,
  since timestamptz not null,
  noticed_at timestamptz not null,
  ended_at timestamptz,
  primary key (system_id, since)
);
create unique index system_silence_open on system_silence (system_id) where ended_at is null;

-- What people are told. Never content: `facts` can hold nothing but what the list below names.
create table notice (
  id uuid primary key,
  -- What it is about: of two that say the same to the same contact one is made.
  dedupe_key text not null unique,
  kind text not null,
  channel text not null check (channel in ('mail', 'sms')),
  -- The address or number as it stood when the notice was made; '' where there was none.
  recipient text not null,
  language text not null check (language in ('vi', 'en')),
  agency_code text,
  dispatch_id uuid,
  consignment_id uuid,
  facts jsonb not null check (jsonb_typeof(facts) = 'object' and facts - array['post', 'agency', 'sender', 'receiver', 'number',
    'notation', 'date', 'deadline', 'since', 'days', 'minutes', 'system'] = '{}'),
  state text not null check (state in ('WAITING', 'CLAIMED', 'SENT', 'FAILED', 'UNSURE')),
  attempts int not null default 0,
  made_at timestamptz not null default clock_timestamp(),
  next_attempt_at timestamptz not null,
  -- One claim is one message: notices that travel together share it. Committed before the network is touched.
  claim_id uuid,
  claimed_at timestamptz,
  claimed_until timestamptz,
  ended_at timestamptz,
  code text
);
create index notice_work on notice (next_attempt_at) where state = 'WAITING';
create index notice_waiting on notice (channel, recipient, language, made_at) where state = 'WAITING';
create index notice_claimed on notice (claimed_until) where state = 'CLAIMED';
create index notice_claim on notice (claim_id) where claim_id is not null;
create index notice_recent on notice (channel, recipient, claimed_at) where claimed_at is not null;
create index notice_ended on notice (state, id);

-- How far the log was read for beginnings and late documents. A table of its own: nobody else's place in the log is delivery's to move.
create table clock_cursor (
  one boolean primary key default true check (one),
  epoch int not null,
  index bigint not null
);

-- What lies in the log already is history: only what is open now gets a clock, and is looked at once.
insert into clock_cursor (epoch, index)
select o.epoch, coalesce((select max(l.index) + 1 from log_leaf l where l.epoch = o.epoch), 0)
from log_origin o order by o.epoch desc limit 1;
insert into consignment_clock (consignment_id, dispatch_id, since, due_at)
select id, dispatch_id, available_at, now() from consignment
where state not in ('ACKNOWLEDGED', 'REFUSED', 'DEAD', 'EXPIRED', 'RECALLED');

grant select on log_leaf, audit_entry to lt_delivery;
grant select, update (epoch, index) on clock_cursor to lt_delivery;
grant select (dispatch_id, reporter_code, about_dispatch_id, code) on status_report to lt_delivery;
grant select, insert, update, delete on consignment_clock to lt_delivery;
grant select, insert on system_silence to lt_delivery;
grant update (ended_at) on system_silence to lt_delivery;
grant select, insert on notice to lt_delivery;
grant update (state, attempts, next_attempt_at, claim_id, claimed_at, claimed_until, ended_at, code) on notice to lt_delivery;
grant select on clock_cursor, consignment_clock, system_silence, notice to lt_console, lt_cli;
