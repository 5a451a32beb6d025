-- When a system last asked for what lies ready for it: one that only sends, or sends again and again, has still stopped fetching.
alter table system add column last_polled_at timestamptz;
update system set last_polled_at = last_seen_at;
grant update (last_polled_at) on system to lt_gateway;

-- A receiver that was shut out neglected nothing: resuming its system begins the terms of what waits for it anew.
grant update (since, due_at, done, version) on consignment_clock to lt_console, lt_cli;
