-- What systems ask of the directory at the compatible door: done at once below the codes a system was given, kept for an operator elsewhere.

create table door_request (
  id uuid primary key,
  system_id uuid not null references system (id),
  action text not null check (action in ('register', 'delete')),
  agency_code text collate "C" not null check (length(agency_code) <= 35),
  details jsonb not null,
  asked_at timestamptz not null default now(),
  settled_at timestamptz
);
-- Asked again while it waits, it is the same request.
create unique index door_request_waiting on door_request (system_id, action, agency_code) where settled_at is null;
grant insert, select on door_request to lt_gateway;
grant select, update (settled_at) on door_request to lt_cli;
grant select on door_request to lt_console;

-- Whether a system may touch an agency: it was given a code above it, and nobody else receives for the agency itself.
create function door_may_touch(by_system uuid, wanted text) returns boolean language sql stable as $$
  select exists (
    select from system s, unnest(s.door_subtrees) as root
    where s.id = by_system and s.suspended_at is null and starts_with(wanted, root || '.')
  ) and not exists (
    select from front f join system s on s.code = f.system_code where f.agency_code = wanted and s.id <> by_system
  )
$$;

-- The gateway may write nothing in the registry; these two do, and judge for themselves whether the system may.
create function door_register_agency(by_system uuid, wanted text, its_name text, folded text, its_kind text, parent text, its_contact jsonb)
  returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not door_may_touch(by_system, wanted) then
    return false;
  end if;
  insert into agency (code, name, name_folded, kind, parent_code, contact, confidence, source)
  values (wanted, its_name, folded, its_kind, parent, its_contact, 'stated', 'door')
  on conflict (code) do update set name = excluded.name, name_folded = excluded.name_folded, contact = excluded.contact,
    closed_on = null, successor_code = null;
  insert into front (agency_code, system_code, with_descendants)
  select wanted, code, false from system where id = by_system
  on conflict (agency_code) do nothing;
  return true;
end $$;

create function door_close_agency(by_system uuid, wanted text) returns boolean
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  today date := (now() at time zone 'Asia/Ho_Chi_Minh')::date;
begin
  if not door_may_touch(by_system, wanted) or exists (
    select from consignment where agency_code = wanted and state not in ('ACKNOWLEDGED', 'REFUSED', 'DEAD', 'EXPIRED', 'RECALLED')
  ) then
    return false;
  end if;
  update agency set closed_on = today where code = wanted and (closed_on is null or closed_on > today);
  return exists (select from agency where code = wanted);
end $$;
revoke all on function door_register_agency(uuid, text, text, text, text, text, jsonb), door_close_agency(uuid, text) from public;
grant execute on function door_register_agency(uuid, text, text, text, text, text, jsonb), door_close_agency(uuid, text) to lt_gateway;
