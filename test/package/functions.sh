# Shell functions for test/package: source this file from bash, after test/setup/functions.sh.

cerebro_version=$(sed -n 's/^project(pg_cerebro VERSION \([0-9.]*\).*/\1/p' "$cerebro_root/CMakeLists.txt")

# skip <why>: ends the script as one that could not run here.
skip() { printf 'skipped: %s\n' "$*"; exit 77; }

# build_packages <directory>: Debian packages of the commit that is checked out, in an empty directory. The tree lies in
# <directory>/pg-cerebro-<version>.
build_packages() {
  local tree=$1/pg-cerebro-$cerebro_version
  mkdir -p "$tree"
  git -C "$cerebro_root" archive HEAD | tar -x -C "$tree"
  (
    cd "$tree"
    pg_buildext updatecontrol
    if ! dpkg-checkbuilddeps >/dev/null 2>&1; then
      say "packages to build with"
      as_root env DEBIAN_FRONTEND=noninteractive apt-get build-dep -q -y --no-install-recommends . \
        >"$1/build-dep.log" 2>&1 ||
        { tail "$1/build-dep.log"; die "apt-get build-dep failed"; }
    fi
    say "packages of $(git -C "$cerebro_root" rev-parse --short HEAD)"
    dpkg-buildpackage -b -us -uc >"$1/build.log" 2>&1 || { tail -n 30 "$1/build.log"; die "dpkg-buildpackage failed"; }
  )
  ls "$1"/*.deb
}

# repositories_of <suite>: what apt has here of a suite and its updates, as lines of a sources.list.
repositories_of() {
  apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v suite="$1" '$2 == suite || $2 == suite "-updates" || $2 == suite "-security" { print "deb", $0 }' | sort -u
}

# mirror_of <suite>: the repository of the suite itself.
mirror_of() { repositories_of "$1" | awk -v suite="$1" '$3 == suite && $4 == "main" { print $2; exit }'; }
