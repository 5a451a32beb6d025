-- Shadow systems: what they send is checked and answered like anything else, and reaches nobody.

alter table system drop constraint system_traffic_check;
alter table system add constraint system_traffic_check check (traffic in ('real', 'test', 'shadow'));
alter table dispatch drop constraint dispatch_traffic_check;
alter table dispatch add constraint dispatch_traffic_check check (traffic in ('real', 'test', 'shadow'));
create index dispatch_shadow on dispatch (id) where traffic = 'shadow';

-- Whoever makes consignments, and by whatever way: none is ever made of a shadow.
create function refuse_shadow() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  shadow uuid;
begin
  select d.id into shadow from fresh f cross join lateral (
    select id from dispatch where id = f.dispatch_id and traffic = 'shadow' offset 0
  ) d limit 1;
  if found then
    raise exception 'dispatch % is a shadow and reaches nobody', shadow using errcode = 'LT010';
  end if;
  return null;
end $$;
create trigger refuse_shadow after insert on consignment referencing new table as fresh
  for each statement execute function refuse_shadow();

-- A system that is taken seriously from now on may send the same documents again: they were not sent yet.
create function forget_shadows() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from submission_recipient r using dispatch d
    where r.system_id = new.id and d.id = r.dispatch_id and d.traffic = 'shadow';
  delete from submission_key k using dispatch d
    where k.system_id = new.id and d.id = k.dispatch_id and d.traffic = 'shadow';
  return null;
end $$;
create trigger forget_shadows after update of traffic on system for each row
  when (old.traffic = 'shadow' and new.traffic <> 'shadow') execute function forget_shadows();
