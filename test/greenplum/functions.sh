# Shell functions for the scripts of test/greenplum: source this file from bash, not as well as test/setup/functions.sh, which it brings along.
. "$(dirname "${BASH_SOURCE[0]}")/../setup/functions.sh"
greenplum_here=$cerebro_root/test/greenplum

# skip <why>: leaves the script, whose checks count as skipped.
skip() { printf 'skipped: %s\n' "$*"; exit 77; }

# find_greenplum: leaves the script, saying why, unless PG_CONFIG is of a Greenplum and PGHOST, PGPORT, PGUSER and PGDATABASE lead to one.
# Sets client (a psql that knows \if: Greenplum 6's own does not) and segments (how many primaries there are).
find_greenplum() {
  local candidate header version
  [ -n "${PG_CONFIG:-}" ] || skip "PG_CONFIG is not set to a Greenplum's pg_config"
  [ -x "$PG_CONFIG" ] || skip "PG_CONFIG=$PG_CONFIG is no program"
  header=$("$PG_CONFIG" --includedir-server)/pg_config.h
  grep -q '^#define GP_VERSION_NUM ' "$header" 2>/dev/null || skip "PG_CONFIG=$PG_CONFIG is not of a Greenplum"
  client=
  for candidate in "${PSQL:-}" "$(command -v psql || true)" /usr/lib/postgresql/*/bin/psql; do
    if [ -x "$candidate" ] && [ "$("$candidate" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -ge 10 ]; then client=$candidate; break; fi
  done
  [ -n "$client" ] || skip "no psql of version 10 or later was found: set PSQL"
  version=$(PGCONNECT_TIMEOUT=10 "$client" -X -q -A -t -d "${PGDATABASE:-postgres}" -c "SELECT version()" 2>&1) ||
    skip "no connection to a server: $version"
  [[ $version == *Greenplum* ]] || skip "the server is not a Greenplum: $version"
  export PG_CONFIG PGDATABASE=${PGDATABASE:-postgres}
  pg_bin=$("$PG_CONFIG" --bindir)
  segments=$(query "SELECT count(*) FROM gp_segment_configuration WHERE content >= 0 AND role = 'p'")
}

# query <sql>: a value or rows, unaligned; an error ends the script unless it is caught.
query() { "$client" -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"; }
# run_sql [psql options...]: commands from standard input; only errors are shown.
run_sql() { PGOPTIONS="${PGOPTIONS:-} -c client_min_messages=error" "$client" -X -q -o /dev/null -v ON_ERROR_STOP=1 "$@"; }

# own_database <name>: a new database with the extension, for this script alone, where psql connects from now on.
own_database() {
  query "DROP DATABASE IF EXISTS $1" 2>/dev/null
  query "CREATE DATABASE $1 TEMPLATE template0 ENCODING 'UTF8'"
  export PGDATABASE=$1
  query "CREATE EXTENSION pg_cerebro"
}

# find_planners <whose checks>: sets planners, the values of "optimizer" that this server has. One that was built without GPORCA ends sessions that ask for it.
find_planners() {
  planners=(on off)
  if PGOPTIONS="-c optimizer=on" query "SELECT 1" >/dev/null 2>&1; then return; fi
  planners=(off)
  printf 'skipped: %s with GPORCA: this server was built without it\n' "$1"
}

passed=0 failed=0
check() {  # check <what> <expected> <actual>
  if [ "$2" = "$3" ]; then passed=$((passed + 1)); printf 'ok - %s\n' "$1"
  else failed=$((failed + 1)); printf 'not ok - %s\n  expected: %s\n  actual:   %s\n' "$1" "$2" "$3"; fi
}
# check_at_most <what> <limit> <actual>: whole numbers.
check_at_most() {
  if [ "$3" -le "$2" ]; then passed=$((passed + 1)); printf 'ok - %s: %s\n' "$1" "$3"
  else failed=$((failed + 1)); printf 'not ok - %s\n  at most: %s\n  actual:  %s\n' "$1" "$2" "$3"; fi
}
finish() { printf '%s passed, %s failed\n' "$passed" "$failed"; [ "$failed" = 0 ]; }

pause() { read -r -t "${1:-0.05}" <> <(:) || true; }
# wait_until <condition>: asks until a query's answer is t; gives up after some minutes.
wait_until() {
  local tries=2400
  until [ "$(query "SELECT $1" 2>/dev/null || true)" = t ]; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || die "never came true: $1"
    pause
  done
}

# result_tables <name>: the tables that a fit writes.
result_tables() { printf '%s, %s_info, %s_summary, %s_state, %s_visits' "$1" "$1" "$1" "$1" "$1"; }

# start_postgres: a private PostgreSQL beside the cluster with the extension of this source, for results to compare with; stopped when the script
# ends. Nothing is installed into the server. Leaves the script, saying so, where there is no PostgreSQL. Its SQL goes through `postgres`. Its shared
# buffers are postgres_buffers, 256 MB unless that is set.
start_postgres() {
  local config=${CEREBRO_POSTGRES_CONFIG:-/usr/lib/postgresql/15/bin/pg_config} outside variable tests=()
  [ -x "$config" ] || skip "there is no PostgreSQL to compare with: set CEREBRO_POSTGRES_CONFIG to its pg_config"
  ! grep -q '^#define GP_VERSION_NUM ' "$("$config" --includedir-server)/pg_config.h" || skip "$config is of a Greenplum"
  [ -e "$cerebro_build/CMakeCache.txt" ] || tests=(-DCEREBRO_TESTS=OFF)
  cmake -S "$cerebro_root" -B "$cerebro_build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DPG_CONFIG="$config" "${tests[@]}" >/dev/null
  cmake --build "$cerebro_build" --target pg_cerebro pg_cerebro_script >/dev/null
  outside=$(export -p | grep -E '^declare -x PG' || true)
  pg_bin=$("$config" --bindir)
  scratch=$(mktemp -d /tmp/pg_cerebro.XXXXXX)
  if [ "$(id -u)" = 0 ]; then chown postgres:postgres "$scratch"; fi
  trap 'server_stop "$scratch"; rm -rf "$scratch"' EXIT
  # the library lies where the server's user can read it; parallel workers look for it by its name
  as_server mkdir "$scratch/lib"
  as_server tee "$scratch/lib/pg_cerebro.so" <"$cerebro_build/pg_cerebro.so" >/dev/null
  server_start "$scratch" -c fsync=off -c "shared_buffers=${postgres_buffers:-256MB}" -c max_worker_processes=8 "-c dynamic_library_path=$scratch/lib:\\\$libdir"
  for variable in "${!PG@}"; do unset "$variable"; done
  eval "${outside//declare -x/declare -gx}"
  { echo "CREATE SCHEMA cerebro;"; sed -e '/^\\echo Use/d' -e '/pg_extension_config_dump/d' -e "s#MODULE_PATHNAME#$scratch/lib/pg_cerebro#" "$cerebro_build/pg_cerebro--$(sed -n "s/^default_version = '\(.*\)'/\1/p" "$cerebro_build/pg_cerebro.control").sql"; } | postgres
}

# postgres [psql options...]: commands from standard input to that server.
postgres() { env -u PGOPTIONS PGHOST="$scratch" PGPORT=5432 PGUSER=postgres PGDATABASE=postgres "$client" -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
# greenplum [psql options...]: the same to the cluster.
greenplum() { "$client" -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
