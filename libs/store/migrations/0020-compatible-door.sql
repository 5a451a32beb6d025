-- The compatible door: shared secrets of its systems, from where they may call, and what they may register.

alter table registry_version add column door_secret bigint not null default 0;

alter table system
  -- Networks from which the door takes connections of this system; the machine itself unless told.
  add column door_networks text[] not null default '{127.0.0.0/8,::1/128}',
  -- Connections that stand open at one time.
  add column door_connections int not null default 64 check (door_connections between 1 and 10000),
  -- Codes below which it may register and delete agencies; none unless told.
  add column door_subtrees text[] not null default '{}';
create trigger bump_door before update of door_networks, door_connections, door_subtrees on system
  for each statement execute function bump_registry();

-- A secret lies under a data key of its own, and that under a key which is outside the database. Nobody reads it again: a lost one is
-- replaced by a new one.
create table door_secret (
  id uuid primary key,
  system_id uuid not null references system (id),
  key_id text not null check (key_id ~ '^[0-9a-f]{16}$'),
  wrapped bytea not null,
  sealed bytea not null,
  made_at timestamptz not null default now(),
  -- From then on it opens nothing; null: until it is replaced.
  ends_at timestamptz
);
create index door_secret_system on door_secret (system_id);
create trigger bump before insert or update or delete or truncate on door_secret
  for each statement execute function bump_registry();
grant select on door_secret to lt_gateway;
grant update (key_id, wrapped) on door_secret to lt_gateway;
grant insert on door_secret to lt_cli;
grant select (id, system_id, key_id, made_at, ends_at) on door_secret to lt_cli;
grant update (ends_at) on door_secret to lt_cli;

-- What a system sent, newest first.
create index dispatch_sent on dispatch (system_id, kind, id);
