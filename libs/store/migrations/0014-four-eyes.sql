--! breaking
-- Queueing again by id and by query has one effect, so it has one policy: the stricter of the two that were.
update operation_policy p set approval_above = least(p.approval_above, r.approval_above), expires_hours = least(p.expires_hours, r.expires_hours)
  from operation_policy r where p.action = 'requeue' and r.action = 'replay';
update operation_request set action = 'requeue' where action = 'replay';
delete from operation_policy where action = 'replay';

-- Loosening a policy is an action of its own.
alter table operation_policy drop constraint operation_policy_action_check;
alter table operation_policy add constraint operation_policy_action_check
  check (action in ('hold', 'release', 'requeue', 'close', 'suspend', 'resume', 'maintenance', 'policy'));
insert into operation_policy (action) values ('policy');

-- What operators did alone a short while ago, where a policy counts it: many small calls are one large one.
create table operation_tally (
  operator_id uuid not null references operator,
  action text not null references operation_policy,
  at timestamptz not null,
  affected int not null check (affected > 0)
);
create index operation_tally_of on operation_tally (operator_id, action, at);
grant select, insert, delete on operation_tally to lt_console, lt_cli;
