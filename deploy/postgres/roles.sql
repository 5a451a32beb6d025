-- The roles of Liên Thông: one that owns the schema and runs migrations, one per service with what its work needs.
-- Run as a role that may create roles and databases; run again, it sets the passwords anew and changes nothing else.
-- Passwords come as psql variables: psql -v owner_password=… -v gateway_password=… … -f roles.sql
\set ON_ERROR_STOP on
select format('create role %I login nosuperuser nocreatedb nocreaterole', name)
  from unnest(array['lt_owner', 'lt_gateway', 'lt_routing', 'lt_delivery', 'lt_receipts', 'lt_audit', 'lt_console', 'lt_cli', 'lt_backup']) as name
 where not exists (select from pg_roles where rolname = name) \gexec

-- inherit: owning the database makes it a member of pg_database_owner, and so owner of the schema public.
alter role lt_owner inherit password :'owner_password';
alter role lt_gateway password :'gateway_password';
alter role lt_routing password :'routing_password';
alter role lt_delivery password :'delivery_password';
alter role lt_receipts password :'receipts_password';
alter role lt_audit password :'audit_password';
alter role lt_console password :'console_password';
alter role lt_cli password :'cli_password';
-- Copies the cluster (pg_basebackup) and feeds the standby. It can read no table by itself, but what it copies is everything.
alter role lt_backup replication password :'backup_password';

-- A statement that hangs must not hold locks for ever; migrations (lt_owner) may take their time.
alter role lt_gateway set statement_timeout = '30s';
alter role lt_routing set statement_timeout = '30s';
alter role lt_delivery set statement_timeout = '30s';
alter role lt_receipts set statement_timeout = '30s';
alter role lt_audit set statement_timeout = '60s';
alter role lt_console set statement_timeout = '30s';
alter role lt_gateway set idle_in_transaction_session_timeout = '30s';
alter role lt_routing set idle_in_transaction_session_timeout = '30s';
alter role lt_delivery set idle_in_transaction_session_timeout = '30s';
alter role lt_receipts set idle_in_transaction_session_timeout = '30s';
alter role lt_audit set idle_in_transaction_session_timeout = '30s';
alter role lt_console set idle_in_transaction_session_timeout = '30s';
