#!/bin/sh
# Measures a fleet of three node processes on this machine: puts and gets, with 256 operations and with one under way, on
# 4 groups and on 64, and prints a table. Takes about six minutes, 3 GB of disk, and the whole machine: stop other work.
#
#   integration-tests/bench/run.sh [FOLDER]      data go to a new folder below it; default: the system's for temporary files
#
# Environment: KEYS 1000000, VALUE_SIZE 128, WINDOW 8s, WARMUP 6s, SETTLE 30s, PORT 17600 (three ports in a row), GROUPS_LIST "4 64"
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
keys=${KEYS:-1000000}
value=${VALUE_SIZE:-128}
window=${WINDOW:-8s}
warmup=${WARMUP:-6s}
settle=${SETTLE:-30s}
port=${PORT:-17600}
data=$(mktemp -d "${1:-${TMPDIR:-/tmp}}/flotilla-bench.XXXXXX")
pids=
export FLOTILLA_ENDPOINTS=127.0.0.1:$port,127.0.0.1:$((port + 1)),127.0.0.1:$((port + 2))

stop() {
  for pid in $pids; do kill "$pid" 2>/dev/null || :; done
  for pid in $pids; do wait "$pid" 2>/dev/null || :; done
  pids=
}
trap 'stop; rm -rf "$data"' EXIT
trap 'exit 130' INT TERM

start() { # groups shards
  seeds=n1=127.0.0.1:$port,n2=127.0.0.1:$((port + 1)),n3=127.0.0.1:$((port + 2))
  for i in 1 2 3; do
    "$top/flotilla" node --id n$i --data "$data/$1/n$i" --listen 127.0.0.1:$((port + i - 1)) --seeds "$seeds" \
      --groups "$1" --shards "$2" >"$data/n$i.$1.out" &
    pids="$pids $!"
  done
  for i in 1 2 3; do
    tries=0
    until grep -q '^ready' "$data/n$i.$1.out"; do
      tries=$((tries + 1))
      [ $tries -lt 300 ] || { echo "run.sh: n$i was not ready within 60 s; is port $((port + i - 1)) free?" >&2; exit 1; }
      sleep 0.2
    done
  done
}

field() { # name of a number in the object; the last one of that name
  printf '%s' "$json" | sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p"
}

row() { # groups workload in-flight
  json=$("$top/flotilla" bench --workload "$2" --in-flight "$3" --keys "$keys" --value-size "$value" \
    --duration "$window" --warmup "$warmup" --output json)
  errors=$(printf '%s' "$json" | sed -n 's/.*"errors":{\([^}]*\)}.*/\1/p')
  printf '%6s  %-8s %9s %10.0f %8s %8s %8s %9s %8s %s\n' "$1" "$2" "$3" "$(field opsPerSecond)" \
    "$(field p50)" "$(field p99)" "$(field p999)" "$(field total)" "$(field client)" "${errors:-none}"
}

"$top/flotilla" --version >/dev/null
printf '%s, %s processors, %s keys, values of %s bytes, load %s\n' "$(date -u +%Y-%m-%d)" "$(getconf _NPROCESSORS_ONLN)" \
  "$keys" "$value" "$(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown)"
printf '%6s  %-8s %9s %10s %8s %8s %8s %9s %8s %s\n' groups workload in-flight ops/s p50/us p99/us p999/us \
  'CPU ms/k' client errors
for groups in ${GROUPS_LIST:-4 64}; do
  start "$groups" $((groups * 4))
  "$top/flotilla" bench --workload get --keys "$keys" --value-size "$value" --duration 1s --warmup 0s >/dev/null
  # the JVMs' compilers have work for their first minute under load
  "$top/flotilla" bench --workload a --keys "$keys" --value-size "$value" --duration "$settle" --warmup 0s >/dev/null
  row "$groups" put 256
  row "$groups" put 256
  row "$groups" get 256
  row "$groups" get 256
  if [ "$groups" = 4 ]; then
    row "$groups" put 1
    row "$groups" get 1
    row "$groups" a 256
    row "$groups" b 256
  fi
  stop
  rm -rf "${data:?}/$groups"
done
