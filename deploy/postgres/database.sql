-- The database: owned by lt_owner, entered by the roles of Liên Thông only. psql -v database=lienthong -f database.sql
\set ON_ERROR_STOP on
select format('create database %I owner lt_owner encoding ''UTF8'' template template0', :'database')
 where not exists (select from pg_database where datname = :'database') \gexec
revoke all on database :"database" from public;
grant connect on database :"database" to lt_gateway, lt_routing, lt_delivery, lt_receipts, lt_audit, lt_console, lt_cli;
-- An import of the directory collects its rows in a temporary table first.
grant temporary on database :"database" to lt_cli;
