-- A system that stands for another axis: it fronts the agencies over there and brings in what they send (`services/bridge`).
alter table system drop constraint system_kind_check;
alter table system add constraint system_kind_check check (kind in ('native', 'vxp-upstream'));
