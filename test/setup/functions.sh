# Shell functions for quickstart, test/run, test/regress and test/bench: source this file from bash.
#
# A private server is a directory with data/, log and the socket in it: no TCP, no password, and nobody but its owner (and root) gets in. A server
# does not run as root, so root hands these directories to the user "postgres", which Debian's packages create.

cerebro_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cerebro_build=${CEREBRO_BUILD:-$cerebro_root/build}

say() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# as_root <command...>: with sudo unless we are root.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "this needs root: $*"
  fi
}

# install_packages <when...>: the packages of test/setup/packages marked so that are not yet installed.
install_packages() {
  local when missing=() package
  for when in "$@"; do
    for package in $(awk -v when="$when" '$1 == when { print $2 }' "$cerebro_root/test/setup/packages"); do
      [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "please install what Debian calls: ${missing[*]}"
  say "installing ${missing[*]}"
  # a package of the server makes and starts a cluster "main" when it comes: not wanted, so say so while we install, and only then
  local no_cluster=/etc/postgresql-common/createcluster.d/pg_cerebro_quickstart.conf made=no status=0
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    made=yes
    as_root mkdir -p "$(dirname "$no_cluster")"
    echo 'create_main_cluster = false' | as_root tee "$no_cluster" >/dev/null
  fi
  as_root env DEBIAN_FRONTEND=noninteractive sh -c \
    'apt-get update -q && apt-get install -q -y --no-install-recommends "$@"' sh "${missing[@]}" || status=$?
  if [ "$made" = yes ]; then
    as_root rm -f "$no_cluster"
    as_root rmdir --ignore-fail-on-non-empty "$(dirname "$no_cluster")"
  fi
  [ "$status" = 0 ] || die "apt-get failed with status $status"
}

# find_server: sets PG_CONFIG (unless the caller chose one) and pg_bin.
find_server() {
  local candidate
  if [ -z "${PG_CONFIG:-}" ]; then
    for candidate in /usr/lib/postgresql/15/bin/pg_config "$(command -v pg_config || true)"; do
      if [ -x "$candidate" ]; then PG_CONFIG=$candidate; break; fi
    done
  fi
  [ -x "${PG_CONFIG:-}" ] || die "no pg_config found: set PG_CONFIG"
  export PG_CONFIG
  pg_bin=$("$PG_CONFIG" --bindir)
  [ -x "$pg_bin/initdb" ] || die "no server in $pg_bin: set PG_CONFIG to a server's pg_config"
}

# build_release <directory> [cmake options...]: configures once and builds what has changed.
build_release() {
  local build=$1
  shift
  mkdir -p "$build"
  cmake -S "$cerebro_root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DPG_CONFIG="$PG_CONFIG" "$@" >"$build/configure.log" 2>&1 ||
    { cat "$build/configure.log"; die "cmake failed"; }
  cmake --build "$build"
}

# install_extension <build directory>: into the server's own directories. Files that are there already and equal are left alone, so that a
# user without root can repeat a run.
install_extension() {
  local build=$1 manifest target different=no
  local lib share
  lib=$("$PG_CONFIG" --pkglibdir)
  share=$("$PG_CONFIG" --sharedir)/extension
  for manifest in pg_cerebro.so pg_cerebro_torch.so; do
    cmp -s "$build/$manifest" "$lib/$manifest" || different=yes
  done
  for manifest in "$build"/pg_cerebro-*.so; do
    target=$lib/$(basename "$manifest")
    [ -L "$target" ] && cmp -s "$manifest" "$target" || different=yes
  done
  for manifest in "$build"/pg_cerebro{,_madlib}.control "$build"/pg_cerebro{,_madlib}--*.sql; do
    target=$share/$(basename "$manifest")
    cmp -s "$manifest" "$target" || different=yes
  done
  [ "$different" = no ] && return 0
  if [ -w "$lib" ] && [ -w "$share" ]; then cmake --install "$build"; else as_root cmake --install "$build"; fi
}

# server_user: who the private server runs as.
server_user() { if [ "$(id -u)" = 0 ]; then echo postgres; else id -un; fi; }

# as_server <command...>: as that user, from a directory that it may enter.
as_server() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

# server_directory <path>: makes a directory that belongs to the server's user and to nobody else.
server_directory() {
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then
    mkdir -m 700 "$1"
    if [ "$(id -u)" = 0 ]; then chown postgres:postgres "$1"; fi
  fi
  [ ! -L "$1" ] && [ -d "$1" ] && [ "$(stat -c %U "$1")" = "$(server_user)" ] || die "$1 is no directory of $(server_user)"
}

# server_start <directory> [postgres options...]: makes a cluster if there is none, starts it, and points psql at it through
# PGHOST, PGPORT, PGUSER and PGDATABASE.
server_start() {
  local dir=$1
  shift
  server_directory "$dir"
  [ ${#dir} -le 85 ] || die "$dir: too long for the path of a socket"
  if [ ! -s "$dir/data/PG_VERSION" ]; then
    as_server "$pg_bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null || die "initdb failed"
  fi
  unset PGSERVICE PGPASSWORD PGOPTIONS PGHOSTADDR
  export PGHOST=$dir PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
  if ! as_server "$pg_bin/pg_ctl" -D "$dir/data" status >/dev/null; then
    as_server "$pg_bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -s start \
      -o "-c listen_addresses= -c unix_socket_directories=$dir -c unix_socket_permissions=0700 -c port=$PGPORT $*" ||
      { as_server tail -n 20 "$dir/log"; die "the server did not start"; }
  fi
}

# server_stop <directory>: if it runs.
server_stop() {
  if [ -s "$1/data/postmaster.pid" ]; then as_server "$pg_bin/pg_ctl" -D "$1/data" -m fast -w -s stop || true; fi
}

# after_crash <directory> [postgres options...]: servers before 14 keep the temporary files of a crash until they are
# started the next time, so such a server is started anew.
after_crash() {
  [ "$(printf '%s\n' "$("$PG_CONFIG" --version)" 'PostgreSQL 14' | sort -V | head -n 1)" != 'PostgreSQL 14' ] || return 0
  server_stop "$1"
  server_start "$@"
}

# scratch_server [postgres options...]: a new server that is stopped and deleted when the script ends. Sets scratch.
scratch_server() {
  scratch=$(mktemp -d /tmp/pg_cerebro.XXXXXX)
  if [ "$(id -u)" = 0 ]; then chown postgres:postgres "$scratch"; fi
  trap 'server_stop "$scratch"; rm -rf "$scratch"' EXIT
  server_start "$scratch" -c fsync=off "$@"
}

# case_data <directory>: makes what the SQL cases read: the data sets, architectures, and the SQL of the documents, which is run too.
case_data() {
  local document
  mkdir -p "$1/forms"
  cp -R "$cerebro_root"/test/data/* "$cerebro_root/docs/quickstart.sql" "$1"
  cp "$cerebro_root"/test/unit/wire/data/*.json "$1/forms"
  for document in README docs/tutorial; do
    awk '/^```/ { on = /^```sql/; next } on' "$cerebro_root/$document.md" >"$1/$(basename "$document").sql"
  done
}

# describe_machine: what figures depend on, in four lines.
describe_machine() {
  printf 'date:    %s\n' "$(date -u +%Y-%m-%d)"
  printf 'machine: %s, %s cores, %s GB\n' "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
    "$(awk '/^MemTotal/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo)"
  printf 'system:  %s, %s\n' "$(. /etc/os-release && echo "$PRETTY_NAME")" "$("$PG_CONFIG" --version)"
  printf 'commit:  %s\n' "$(git -C "$cerebro_root" rev-parse --short HEAD 2>/dev/null || echo unknown)"
}

# count_tests <log of ctest>: adds to passed, failed and skipped. ctest's own last line counts skipped tests among those that passed.
count_tests() {
  local line='^ *[0-9]+/[0-9]+ Test +#[0-9]+: .*'
  passed=$((passed + $(grep -cE "$line [.]+ +Passed +[0-9.]+ sec" "$1" || true)))
  skipped=$((skipped + $(grep -cE "$line([.]|[*])+(Skipped|Not Run [(]Disabled[)])" "$1" || true)))
  failed=$((failed + $(grep -E "$line" "$1" | grep -cvE ' [.]+ +Passed +[0-9.]+ sec|[*]{3}(Skipped|Not Run [(]Disabled[)])' || true)))
}

# closing_line: what count_tests counted, as the last line of a run; whoever reads it looks for "N tests passed, N failed".
closing_line() { printf '%s tests passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"; }
