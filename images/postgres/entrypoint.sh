#!/usr/bin/env bash
# What tests use of the public image's contract: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS,
# POSTGRES_HOST_AUTH_METHOD, scripts in /docker-entrypoint-initdb.d, arguments of the server, and the lines that
# readiness is told by ("ready to accept connections", twice on the first start).
set -euo pipefail

if [ "${1:-postgres}" != postgres ] && [ "${1#-}" = "$1" ]; then exec "$@"; fi
[ "${1:-}" = postgres ] && shift
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" && chown -R postgres:postgres "$PGDATA" && chmod 700 "$PGDATA"
  exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" postgres "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  user="${POSTGRES_USER:-postgres}"
  method="${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}"
  if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$method" != trust ]; then
    echo "Error: set POSTGRES_PASSWORD, or POSTGRES_HOST_AUTH_METHOD=trust" >&2; exit 1
  fi
  # shellcheck disable=SC2086
  initdb --username="$user" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-}") --auth-local=trust --encoding=UTF8 ${POSTGRES_INITDB_ARGS:-} >/dev/null
  # No entry for replication from other hosts: who wants it brings a file of his own (-c hba_file=…).
  printf 'host all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
  # The server of the first start gets the arguments too.
  pg_ctl --pgdata="$PGDATA" --options="$(printf '%q ' "$@" -c listen_addresses= -c unix_socket_directories=/tmp)" --wait start
  database="${POSTGRES_DB:-$user}"
  if [ "$database" != postgres ]; then
    psql --host=/tmp --username="$user" --dbname=postgres --quiet --command="CREATE DATABASE \"$database\""
  fi
  for script in /docker-entrypoint-initdb.d/*; do
    case "$script" in
      *.sh) bash "$script" ;;
      *.sql) psql --host=/tmp --username="$user" --dbname="$database" --quiet --set=ON_ERROR_STOP=1 --file="$script" ;;
    esac
  done
  pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
  echo "PostgreSQL init process complete; ready for start up."
fi
exec postgres -c listen_addresses='*' "$@"
