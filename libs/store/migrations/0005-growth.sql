-- What keeps the cost of one document the same on the thirty-millionth.

-- Packets and receipts compress well, and lz4 takes a tenth of pglz's time for it.
alter table content alter column bytes set compression lz4;
alter table receipt alter column xml set compression lz4;
alter table audit_detail alter column details set compression lz4;
do $$
declare part regclass;
begin
  for part in select inhrelid::regclass from pg_inherits where inhparent = 'content'::regclass loop
    execute format('alter table %s alter column bytes set compression lz4', part);
  end loop;
end $$;

-- A mailbox is read by agency, kind and lane: what was never leased in the order it came, then what is leased no longer.
drop index consignment_mailbox;
drop index consignment_lease;
create index consignment_mailbox on consignment (agency_code, kind, lane, (case when lease_until is null then 0 else 1 end), id)
  where state in ('AVAILABLE', 'HANDED_OVER') and mode = 'pull';
create index consignment_lease on consignment (agency_code, kind, lane, lease_until)
  where state in ('AVAILABLE', 'HANDED_OVER') and mode = 'pull' and lease_until is not null;
-- Whether anything of a dispatch is still under way.
create index consignment_open on consignment (dispatch_id)
  where state not in ('ACKNOWLEDGED', 'REFUSED', 'DEAD', 'EXPIRED', 'RECALLED');

-- Lower bound of the oldest month in which a mailbox still holds something: older months need not be looked at.
create function mailbox_floor() returns uuid
  language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  part record;
  found_one boolean;
begin
  for part in
    select c.oid::regclass as name, pg_get_expr(c.relpartbound, c.oid) as bound
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'consignment'::regclass order by c.relname
  loop
    execute format(
      'select exists (select from %s where state in (''AVAILABLE'', ''HANDED_OVER'') and mode = ''pull'')', part.name)
      into found_one;
    if found_one then
      -- What was accepted a while ago may still be on its way into a mailbox.
      return least(uuid_floor(now() - interval '1 day'),
        substring(part.bound from '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}')::uuid);
    end if;
  end loop;
  return uuid_floor(now() - interval '1 day');
end $$;
revoke all on function mailbox_floor() from public;
grant execute on function mailbox_floor() to lt_gateway;

-- A partition is made beside its parent and then attached: making it under the parent would lock the parent against everyone.
create or replace function ensure_partitions(start timestamptz, months int) returns void
  language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '2s' as $$
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
        execute format('create table %I (like %I including all)', part, parent);
        execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, part,
          uuid_floor(month), uuid_floor(((month at time zone 'UTC') + interval '1 month') at time zone 'UTC'));
      end if;
    end loop;
  end loop;
end $$;

-- How far the content store was searched for content without a dispatch.
create table content_sweep (
  one boolean primary key default true check (one),
  swept_to timestamptz not null
);
grant select, insert, update on content_sweep to lt_gateway;
