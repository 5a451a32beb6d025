#!/bin/sh
# archive_command of PostgreSQL: archive-wal.sh %p /archive/%f
# Ends with 0 only when the segment is on disk under its name: copied aside, flushed, renamed, folder flushed. The same segment again
# is done already; another one under the same name is never overwritten, since two clusters must not share an archive.
set -eu
from=$1
to=$2
if [ -e "$to" ]; then
  cmp -s "$from" "$to" && exit 0
  echo "$to is there and differs: does another cluster archive to this folder?" >&2
  exit 1
fi
cp "$from" "$to.part"
sync "$to.part"
mv -n "$to.part" "$to"
sync "$(dirname "$to")"
