-- Legal holds and retention are acts of operators like the others: named, with a reason, and by two where a policy asks for it.
alter table operation_policy drop constraint operation_policy_action_check;
alter table operation_policy add constraint operation_policy_action_check check (action in ('hold', 'release', 'requeue', 'close',
  'suspend', 'resume', 'maintenance', 'policy', 'hold-content', 'release-content', 'retention'));
insert into operation_policy (action) values ('hold-content'), ('release-content'), ('retention');
-- The second operator may approve at the console, which then does it.
grant update (content_hold, hold_reason) on dispatch to lt_console;
grant insert, update on retention_class, retention_rule to lt_console;
