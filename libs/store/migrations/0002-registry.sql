-- Who takes part: agencies, the systems (hubs) that front them, their certificates and keys. Services hold all of it in
-- memory and compare `registry_version`; codes sort by byte, so that a prefix is a range of the primary key.

create table registry_version (
  one boolean primary key default true check (one),
  -- Rises with every change; each part keeps the version of its own last change, so that readers reload only what moved.
  version bigint not null default 0,
  system bigint not null default 0,
  system_key bigint not null default 0,
  agency bigint not null default 0,
  agency_alias bigint not null default 0,
  agency_certificate bigint not null default 0,
  front bigint not null default 0
);
insert into registry_version default values;

create table system (
  id uuid primary key,
  code text collate "C" not null unique check (code ~ '^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$'),
  name text not null,
  kind text not null default 'native' check (kind in ('native')),
  delivery text not null default 'pull' check (delivery in ('pull', 'push')),
  signature_policy text not null default 'required' check (signature_policy in ('off', 'report', 'required')),
  duplicate_policy text not null default 'warn' check (duplicate_policy in ('warn', 'refuse')),
  tolerance text not null default 'strict' check (tolerance in ('strict', 'tolerant')),
  traffic text not null default 'real' check (traffic in ('real', 'test')),
  push_url text,
  suspended_at timestamptz,
  suspended_reason text,
  contact jsonb not null default '{}',
  created_at timestamptz not null default now(),
  last_seen_at timestamptz,
  check (delivery = 'pull' or push_url is not null),
  check ((suspended_at is null) = (suspended_reason is null))
);

create table agency (
  code text collate "C" primary key check (length(code) <= 35),
  name text not null check (name <> ''),
  short_name text,
  -- Without accents, lower case, words apart by one space: what people type when they search.
  name_folded text not null,
  short_name_folded text,
  kind text not null check (kind in ('party', 'president', 'assembly', 'court', 'procuracy', 'audit', 'government', 'local',
                                     'socio-political', 'enterprise', 'other')),
  -- Need not be registered: the units between may be missing.
  parent_code text collate "C" check (parent_code <> code),
  -- The first day on which the code is no longer valid. Codes are closed, never deleted.
  closed_on date,
  successor_code text collate "C" references agency check (successor_code <> code),
  contact jsonb not null default '{}',
  confidence text not null,
  source text not null,
  version bigint not null default 0,
  check (successor_code is null or closed_on is not null)
);
create index agency_changed on agency (version);
create index agency_words on agency using gin (to_tsvector('simple', name_folded || ' ' || coalesce(short_name_folded, '')));

-- Spellings beside the ones the rule gives (old code reversed, empty groups dropped). A row here overrides the rule.
create table agency_alias (
  alias text collate "C" primary key check (length(alias) <= 35),
  code text collate "C" not null references agency check (code <> alias),
  origin text not null check (origin in ('directory', 'manual')),
  valid_from date,
  -- The first day on which it is no longer valid.
  valid_to date
);
create index agency_alias_code on agency_alias (code);

-- The one system that receives for an agency and may send for it; with descendants: also for units below that have no row.
create table front (
  agency_code text collate "C" primary key references agency,
  system_code text collate "C" not null references system (code),
  with_descendants boolean not null,
  declared_at timestamptz not null default now()
);
create index front_system on front (system_code);

create table agency_certificate (
  -- SHA-256 of the DER form, lower-case hex.
  fingerprint text primary key check (fingerprint ~ '^[0-9a-f]{64}$'),
  owner_kind text not null check (owner_kind in ('agency', 'system')),
  owner_code text collate "C" not null,
  certificate_pem text not null,
  purpose text not null check (purpose in ('packet', 'client-auth', 'tls')),
  valid_from timestamptz not null,
  valid_to timestamptz not null,
  added_at timestamptz not null default now(),
  revoked_at timestamptz
);
create index agency_certificate_owner on agency_certificate (owner_kind, owner_code);

create table system_key (
  system_code text collate "C" not null references system (code),
  kid text not null check (length(kid) between 1 and 128),
  public_jwk jsonb not null,
  purpose text not null default 'client-assertion' check (purpose in ('client-assertion')),
  added_at timestamptz not null default now(),
  revoked_at timestamptz,
  primary key (system_code, kid)
);

-- The version row is locked before any other row is touched and until commit: versions rise in commit order, and two
-- writers of the registry wait for each other instead of deadlocking.
create function bump_registry() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  execute format('update registry_version set version = version + 1, %I = version + 1', tg_table_name);
  return null;
end $$;
create trigger bump before insert or delete or truncate or update of code, name, kind, delivery, signature_policy,
  duplicate_policy, tolerance, traffic, push_url, suspended_at, suspended_reason, contact
  on system for each statement execute function bump_registry();
create trigger bump before insert or update or delete or truncate on system_key
  for each statement execute function bump_registry();
create trigger bump before insert or update on agency for each statement execute function bump_registry();
create trigger bump before insert or update or delete or truncate on agency_alias
  for each statement execute function bump_registry();
create trigger bump before insert or update or delete or truncate on front
  for each statement execute function bump_registry();
create trigger bump before insert or update or delete or truncate on agency_certificate
  for each statement execute function bump_registry();

create function stamp_agency() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  new.version := (select agency from registry_version);
  return new;
end $$;
create trigger stamp before insert or update on agency for each row execute function stamp_agency();
create trigger never_deleted before delete or truncate on agency for each statement execute function refuse_change();

grant select on registry_version, system, agency, agency_alias, front, agency_certificate, system_key
  to lt_gateway, lt_routing, lt_delivery, lt_receipts, lt_audit, lt_console, lt_cli;
grant update (last_seen_at) on system to lt_gateway;
grant insert, update on system, agency, agency_alias, front, agency_certificate, system_key to lt_cli;
grant delete on agency_alias, front to lt_cli;
