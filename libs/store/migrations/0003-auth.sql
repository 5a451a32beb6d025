-- Ids of client assertions that were used once (RFC 7523 3, item 7). Here and not in Redis: a wipe must not open replays.
create table used_assertion (
  system_code text collate "C" not null,
  jti text collate "C" not null check (length(jti) <= 128),
  -- When the assertion itself ceases to be good, clock allowance included; kept until then.
  expires_at timestamptz not null,
  primary key (system_code, jti)
);
create index used_assertion_expiry on used_assertion (expires_at);

grant select, insert, delete on used_assertion to lt_gateway;
