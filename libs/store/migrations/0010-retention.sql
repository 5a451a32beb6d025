-- How long content is kept, what may not be deleted, and months that are put away.

-- `keep_days` after CLOSED; null: never deleted by time.
create table retention_class (
  code text primary key check (code ~ '^[a-z][a-z0-9-]{0,39}$'),
  keep_days int check (keep_days between 0 and 36500),
  note text not null default ''
);
-- The class of a dispatch: the most telling rule that fits. A system's own rule comes first, then document type and detail, then kind.
create table retention_rule (
  id int primary key generated always as identity,
  class_code text not null references retention_class,
  kind text check (kind in ('document', 'status')),
  document_type text,
  document_detail text,
  system_id uuid,
  check (document_detail is null or document_type is not null),
  unique nulls not distinct (kind, document_type, document_detail, system_id)
);
-- Nothing is deleted until somebody says after how many days.
insert into retention_class (code, keep_days, note) values
  ('document', null, 'documents'), ('legal', null, 'legal documents (type 1)'), ('status', null, 'status reports');
insert into retention_rule (class_code, kind, document_type) values
  ('document', null, null), ('legal', 'document', '1'), ('status', 'status', null);

create function retention_class_of(kind text, facts jsonb, system_id uuid) returns text
  language sql stable
  return (
    select r.class_code from retention_rule r
    where (r.kind is null or r.kind = $1) and (r.system_id is null or r.system_id = $3)
      and (r.document_type is null or r.document_type = $2 -> 'documentType' ->> 'type')
      and (r.document_detail is null or r.document_detail = $2 -> 'documentType' ->> 'detail')
    order by r.system_id is not null desc, r.document_detail is not null desc, r.document_type is not null desc,
      r.kind is not null desc
    limit 1
  );

alter table dispatch add column retention_class text;
alter table dispatch add column hold_reason text;
create index dispatch_retention on dispatch (retention_class, closed_at, id)
  where state = 'CLOSED' and content_state = 'KEPT' and not content_hold;
create index dispatch_deleting on dispatch (id) where content_state = 'DELETING';
create index dispatch_held on dispatch (id) where content_hold;
create index consignment_recall on consignment (id) where recall_pending;

-- What a part was stays when its bytes go: digest, size and name.
alter table content add column erased boolean not null default false;
alter table content drop constraint content_check;
alter table content add constraint content_place check (
  erased or num_nonnulls(bytes, path, range_start) = 1 or (role = 'attachment' and num_nonnulls(bytes, path, range_start) = 0)
) not valid;

-- The packet's own signature outlives the packet: as it stood there, with the namespaces that were in force around it.
create table content_proof (
  dispatch_id uuid primary key,
  -- Null where the packet carried none.
  signature bytea,
  namespaces jsonb not null,
  -- PEM, the signer first, as far up as a path was known.
  chain text not null,
  made_at timestamptz not null
);
alter table content_proof alter column signature set compression lz4;
create trigger append_only before update or delete on content_proof for each row execute function refuse_change();
create trigger no_truncate before truncate on content_proof execute function refuse_change();

-- Only of a dispatch whose deletion was committed. In PL/pgSQL, which keeps the plan: over all months it costs more than the work.
create function erase_content(id uuid) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update content c set bytes = null, erased = true
  where c.dispatch_id = $1 and not c.erased
    and exists (select from dispatch d where d.id = $1 and d.content_state in ('DELETING', 'DELETED'));
end $$;
revoke all on function erase_content(uuid) from public;

-- What lies in the rows, without showing it: size and digest of the bytes.
create function content_digests(ids uuid[], digests boolean) returns table (dispatch_id uuid, ordinal smallint, size bigint, sha256 bytea)
  language sql stable security definer set search_path = public, pg_temp
  begin atomic
    select c.dispatch_id, c.ordinal, octet_length(c.bytes)::bigint, case when $2 then sha256(c.bytes) end
    from unnest($1) as w(id) cross join lateral (
      select * from content c where c.dispatch_id = w.id and c.bytes is not null offset 0
    ) c;
  end;
revoke all on function content_digests(uuid[], boolean) from public;
grant execute on function content_digests(uuid[], boolean) to lt_cli;

-- Months that were put away. Read by operators only; log and receipts never go there.
create schema archive;
revoke all on schema archive from public;
grant usage on schema archive to lt_cli;
-- The keys of submissions go with the dispatches they name.
create table archive.submission_recipient (like submission_recipient including all);
create table archive.submission_key (like submission_key including all);
grant select on archive.submission_recipient, archive.submission_key to lt_cli;

-- The months of a partitioned table and where they are.
create view partition_month as
  select p.relname::text as parent, right(c.relname, 6)::text as month, false as archived, c.relispartition as attached,
    c.reltuples::bigint as about_rows
  from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
  where p.relkind = 'p' and p.relnamespace = 'public'::regnamespace and c.relname ~ '_\d{6}$'
  union all
  select left(c.relname, -7)::text, right(c.relname, 6)::text, true, false, c.reltuples::bigint
  from pg_class c where c.relnamespace = 'archive'::regnamespace and c.relkind = 'r' and c.relname ~ '_\d{6}$';
grant select on partition_month to lt_cli;

-- Rights. The gateway writes the folder of content, so it is the gateway that empties it.
grant select on retention_class, retention_rule to lt_gateway, lt_receipts, lt_console, lt_cli;
grant insert, update, delete on retention_class, retention_rule to lt_cli;
grant update (retention_class) on dispatch to lt_receipts, lt_gateway;
grant update (content_state) on dispatch to lt_gateway;
grant select, insert on content_proof to lt_gateway;
grant select on content_proof to lt_cli, lt_console;
grant execute on function erase_content(uuid) to lt_gateway;
grant select (erased) on content to lt_console, lt_cli;
grant update (content_hold, hold_reason) on dispatch to lt_cli;
-- What fsck may mend: when work is looked at again, leases of rows that ended, attempts nobody ends, links of submissions.
grant update (next_publish_at) on dispatch to lt_cli;
grant update (version, next_publish_at, next_attempt_at, publish_round, lease_token, lease_until, lease_system) on consignment to lt_cli;
grant update (ended_at, outcome, code) on delivery_attempt to lt_cli;
grant update (consignment_id) on submission_recipient to lt_cli;
