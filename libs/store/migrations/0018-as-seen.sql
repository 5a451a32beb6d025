-- What is approved acts on what was shown, so a legal hold is told from a later one with the same reason by the time it began.
alter table dispatch add column held_at timestamptz;
grant update (held_at) on dispatch to lt_console, lt_cli;
-- Months that were put away come back only with the same columns.
do $$
declare month regclass;
begin
  for month in select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'archive' and c.relkind = 'r' and c.relname ~ '^dispatch_\d{6}$'
  loop
    execute format('alter table %s add column if not exists held_at timestamptz', month);
  end loop;
end $$;

-- Who gave an operator his key: nobody approves a request of the administrator who made him. Null: the first one, and those of whom the
-- log no longer says it.
alter table operator add column created_by uuid references operator;
update operator o set created_by = b.id
  from audit_entry e join audit_detail d on d.entry_id = e.id, operator b
  where e.id >= uuid_floor(o.created_at - interval '1 minute') and e.id < uuid_floor(o.created_at + interval '1 minute')
    and e.event = 'OperatorAdded' and d.details::json ->> 'operatorId' = o.id::text and b.name = d.details::json ->> 'by';

-- From when a system could be expected to ask for its mailbox: resumed, or turned from push to pull.
alter table system add column fetches_since timestamptz;
grant update (fetches_since) on system to lt_console;
