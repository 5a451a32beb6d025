-- What a system's client programs need to find in the packets they fetch at the compatible door; nothing: packets as they were received.
alter table system add column door_dialect text[] not null default '{}'
  check (door_dialect <@ '{traces,bussiness,prefix}'::text[]);
create trigger bump_door_dialect before update of door_dialect on system
  for each statement execute function bump_registry();
