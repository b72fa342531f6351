# What the container of a node runs, each time it is started. Whoever is on the network may replicate, with the password.
printf '%s\n' 'local all all trust' 'host all all all scram-sha-256' 'host replication all all scram-sha-256' >/tmp/chaos_hba.conf
# Left by a crash that lost commits: what is here has a history of its own.
if [ -f /tmp/chaos_rebuild ]; then
  CHAOS_PRIMARY="$(cat /tmp/chaos_rebuild)"
  find "$PGDATA" -mindepth 1 -delete
fi
if [ -n "${CHAOS_PRIMARY:-}" ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  until pg_isready --quiet --dbname="$CHAOS_PRIMARY" && pg_basebackup --dbname="$CHAOS_PRIMARY" --pgdata="$PGDATA" --write-recovery-conf --wal-method=stream --checkpoint=fast --no-sync; do
    # Perhaps some of it came.
    find "$PGDATA" -mindepth 1 -delete
    sleep 0.05
  done
  rm -f /tmp/chaos_rebuild
fi
# The image's own way from here: it makes a database where there is none, and gives up the rights of root.
exec docker-entrypoint.sh postgres -c hba_file=/tmp/chaos_hba.conf "$@"
