-- Legal holds and retention are acts of operators like the others: named, with a reason, and by two where a policy asks for it. So is
-- voiding an update or a replacement that its receiver does not answer.
alter table operation_policy drop constraint operation_policy_action_check;
alter table operation_policy add constraint operation_policy_action_check check (action in ('hold', 'release', 'requeue', 'close',
  'suspend', 'resume', 'maintenance', 'policy', 'hold-content', 'release-content', 'retention', 'void'));
insert into operation_policy (action) values ('hold-content'), ('release-content'), ('retention'), ('void');
-- The second operator may approve at the console, which then does it.
grant update (content_hold, hold_reason) on dispatch to lt_console;
grant insert, update on retention_class, retention_rule to lt_console;
grant update (outcome, settled_at) on business_request to lt_console, lt_cli;
