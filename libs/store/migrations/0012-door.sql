-- Since when the axis can be reached without a gap: who did not call while it could not is not silent for that.
create table door_up (
  only_row boolean primary key default true check (only_row),
  since timestamptz not null,
  seen_at timestamptz not null
);
grant select, insert, update on door_up to lt_gateway;
grant select on door_up to lt_delivery, lt_console, lt_cli;
