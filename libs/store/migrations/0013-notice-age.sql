-- What people were told is deleted when it is old: an address is kept no longer than it is of use.
grant delete on notice to lt_delivery;
