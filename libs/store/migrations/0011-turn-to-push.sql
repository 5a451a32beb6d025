-- What turns from a mailbox to the push loses its lease there, and its attempts count from then.
grant update (attempt_base, lease_token, lease_until, lease_system) on consignment to lt_delivery;
