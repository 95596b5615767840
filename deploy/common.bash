# What the scripts of this folder share. Sourced, not run.
# shellcheck shell=bash disable=SC2034

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
build_dir=$root/build/cmake/${PGTRICKLE_PRESET:=dev}

# What ninja must build for a running product.
product=(extension_scripts pg_trickle pgtrickled pgtricklectl)

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "${0##*/}: $*"
  exit 1
}

# Prints the comment block at the top of the script that calls it.
show_help() { sed -n '2,/^[^#]/{ /^#/ s/^# \{0,1\}//p; }' "$0"; }

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "needs root for: $* (no sudo here)"
  fi
}

# Waits until the command succeeds, at most <seconds>.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
}
