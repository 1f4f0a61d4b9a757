#!/bin/sh
# Compares two revisions on this machine: builds both, keeps a fleet of three node processes of each up at the same time, and
# measures them in alternating windows with the same load, so that whatever else the machine does meets both alike. Prints each
# window, then for each workload the medians of both and their ratios (present tree / BASE).
#
#   integration-tests/bench/compare.sh BASE           BASE: a commit, branch or tag; compared with the files as they are now
#   integration-tests/bench/compare.sh BASE OTHER     two revisions; the files as they are now don't matter
#
# Environment:
#   GROUPS_LIST "4 64"          numbers of groups; each has fleets of its own, with four shards per group
#   WORKLOADS   "put get a"     workloads of `flotilla bench`; a: half gets, half puts
#   WINDOWS     6               windows of each revision and workload
#   FLEETS      3               fleets of each revision among which they are divided: what a fleet's compilers did at its beginning
#                               stays with it, and makes two fleets of one revision differ by up to a tenth
#   WINDOW      4s              length of a window, after WARMUP
#   WARMUP      1s              load before each window
#   SETTLE      15s             load of `a` on each fleet before its first window, twice in turn, for the compilers
#   IN_FLIGHT   256             operations under way
#   KEYS        200000          keys, written before the first window
#   VALUE_SIZE  128             bytes of a value
#   PORT        17600           the first of six ports in a row
#   NODE_OPTIONS   -Xmx1g       Java options of the nodes
#   MAVEN_OPTIONS  ""           options of the build, e.g. -o
#   LIMIT       3600            seconds after which no window begins any more; what was measured is printed
#   FOLDER      the system's for temporary files; builds and data go to a new folder below it, removed at the end
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
groups_list=${GROUPS_LIST:-4 64}
workloads=${WORKLOADS:-put get a}
windows=${WINDOWS:-6}
each=$(((windows + ${FLEETS:-3} - 1) / ${FLEETS:-3}))
window=${WINDOW:-4s}
warmup=${WARMUP:-1s}
settle=${SETTLE:-15s}
in_flight=${IN_FLIGHT:-256}
keys=${KEYS:-200000}
value=${VALUE_SIZE:-128}
port=${PORT:-17600}
node_options=${NODE_OPTIONS:--Xmx1g}
limit=${LIMIT:-3600}

fail() {
  echo "compare.sh: $1" >&2
  exit "${2:-1}"
}

[ $# -ge 1 ] && [ $# -le 2 ] || fail 'call it with one revision to compare with, or with two; see the head of the file' 2
command -v mvn >/dev/null || fail 'no mvn found; install Maven 3.8.7 or newer'
for revision in "$@"; do
  git -C "$top" rev-parse -q --verify "$revision^{commit}" >/dev/null || fail "no revision is called $revision" 2
done

folder=$(mktemp -d "${FOLDER:-${TMPDIR:-/tmp}}/flotilla-compare.XXXXXX")
results=$folder/results
pids=

stop() { # [side]; else both
  for side_pid in $pids; do
    case $side_pid in "${1:-}"*) kill "${side_pid#*:}" 2>/dev/null || : ;; esac
  done
  rest=
  for side_pid in $pids; do
    case $side_pid in
      "${1:-}"*) wait "${side_pid#*:}" 2>/dev/null || : ;;
      *) rest="$rest $side_pid" ;;
    esac
  done
  pids=$rest
}
trap 'stop; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

# The launcher of a revision builds it, and always with the mvn below.
build() { # side
  [ ! -e "$folder/$1/mvnw" ] || cp "$folder/bin/mvn" "$folder/$1/mvnw"
  "$folder/$1/flotilla" --version >/dev/null || fail "$(name "$1") can't be built, see above"
}

name() { # side
  if [ "$1" = old ]; then echo "$base"; else echo "$other"; fi
}

mkdir "$folder/bin" "$folder/old" "$folder/new"
printf '#!/bin/sh\nexec "%s" %s "$@"\n' "$(command -v mvn)" "${MAVEN_OPTIONS:-}" >"$folder/bin/mvn"
chmod +x "$folder/bin/mvn"
PATH=$folder/bin:$PATH

base=$(git -C "$top" rev-parse --short "$1")
git -C "$top" archive "$1" | tar -x -C "$folder/old"
if [ $# -eq 2 ]; then
  other=$(git -C "$top" rev-parse --short "$2")
  git -C "$top" archive "$2" | tar -x -C "$folder/new"
else
  other="$(git -C "$top" rev-parse --short HEAD)"
  [ -z "$(git -C "$top" status --porcelain)" ] || other="$other+changes"
  # a copy: what is edited meanwhile does not matter
  (cd "$top" && git ls-files -z -co --exclude-standard | tar --null -T - --ignore-failed-read -c 2>/dev/null) |
    tar -x -C "$folder/new"
fi
build old
build new

endpoints() { # side
  if [ "$1" = old ]; then first=$port; else first=$((port + 3)); fi
  echo "127.0.0.1:$first,127.0.0.1:$((first + 1)),127.0.0.1:$((first + 2))"
}

start() { # side groups
  rm -f "$folder/$1".n?.out
  all=$(endpoints "$1")
  seeds=$(echo "$all" | awk -F, '{print "n1=" $1 ",n2=" $2 ",n3=" $3}')
  for i in 1 2 3; do
    FLOTILLA_JAVA_OPTS=$node_options "$folder/$1/flotilla" node --id n$i --data "$folder/data.$1/n$i" \
      --listen "$(echo "$all" | cut -d, -f$i)" --seeds "$seeds" --groups "$2" --shards $(($2 * 4)) >"$folder/$1.n$i.out" &
    pids="$pids $1:$!"
  done
}

await() { # side
  for i in 1 2 3; do
    tries=0
    until grep -qs '^ready' "$folder/$1.n$i.out"; do
      tries=$((tries + 1))
      [ $tries -lt 600 ] || fail "n$i of $(name "$1") was not ready within 120 s; are the ports from $port on free?"
      sleep 0.2
    done
  done
}

# Whether the numbers of groups that the three nodes lead differ by no more than a quarter of the groups, 1 at least.
even() { # side groups
  "$folder/$1/flotilla" groups --endpoints "$(endpoints "$1")" | awk -v groups="$2" '
    NR > 1 && $1 != 0 { led[$2]++ }
    END {
      least = most = led["n1"] + 0
      for (i = 2; i <= 3; i++) {
        count = led["n" i] + 0
        if (count < least) least = count
        if (count > most) most = count
      }
      exit most - least > (groups < 8 ? 1 : groups / 4)
    }'
}

bench() { # side workload duration warmup
  timeout 300 "$folder/$1/flotilla" bench --endpoints "$(endpoints "$1")" --workload "$2" --in-flight "$in_flight" \
    --keys "$keys" --value-size "$value" --duration "$3" --warmup "$4" --output json
}

# Milliseconds of processor time that a fixed loop takes just now.
pace() {
  (awk 'BEGIN { for (i = 0; i < 10000000; i++) s += i % 7 }'; times) | tail -n 1 |
    awk '{ split($1, t, /[ms]/); printf "%.0f", (t[1] * 60 + t[2]) * 1000 }'
}

field() { # name of a number in the object; the last one of that name
  printf '%s' "$json" | sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p"
}

measure() { # side groups workload number
  loop=$(pace)
  json=$(bench "$1" "$3" "$window" "$warmup") || return 1
  errors=$(printf '%s' "$json" | sed -n 's/.*"errors":{\([^}]*\)}.*/\1/p')
  printf '%s %s %s %s %s %s %s %s %s %s %s\n' "$2" "$3" "$4" "$1" "$(field total)" "$(field client)" \
    "$(field opsPerSecond)" "$(field p50)" "$(field p99)" "$loop" "${errors:-none}" >>"$results"
  tail -n 1 "$results" | awk -v who="$(name "$1")" \
    '{ printf "%6s  %-8s %6s  %-20s %9.2f %9.2f %9.0f %8.0f %8.0f %8s  %s\n", $1, $2, $3, who, $5, $6, $7, $8, $9, $10, $11 }'
}

# Starts a new fleet of both, with its keys written and its code compiled.
found() { # groups
  for side in old new; do start $side "$1"; done
  for side in old new; do await $side; done
  # what an operation costs depends on how many nodes lead, and who leads is chance: fleets are founded anew until it is even
  for side in old new; do
    tries=1
    until even $side "$1"; do
      [ $tries -lt 40 ] || fail "40 fleets of $(name $side) were founded, and none had its leaders spread evenly"
      tries=$((tries + 1))
      stop $side
      rm -rf "$folder/data.$side"
      start $side "$1"
      await $side
    done
  done
  for side in old new; do
    # writes the keys; what a busy machine did not take at first is written by another try
    bench $side get 1s 0s >/dev/null || bench $side get 1s 0s >/dev/null || bench $side get 1s 0s >/dev/null ||
      fail "the keys can't be written to $(name $side), see above"
  done
  for side in old new new old; do bench $side a "$settle" 0s >/dev/null; done
}

failed=
begun=$(date +%s)
over() {
  [ $(($(date +%s) - begun)) -ge "$limit" ]
}

: >"$results"
printf '%s, %s processors, load %s; %s keys, values of %s bytes, %s in flight, windows of %s after %s\n' "$(date -u +%Y-%m-%d)" \
  "$(getconf _NPROCESSORS_ONLN)" "$(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown)" "$keys" "$value" \
  "$in_flight" "$window" "$warmup"
printf '%6s  %-8s %6s  %-20s %9s %9s %9s %8s %8s %8s  %s\n' groups workload window revision 'CPU ms/k' client ops/s p50/us \
  p99/us pace/ms errors
for groups in $groups_list; do
  number=1
  while [ $number -le "$windows" ] && ! over; do
    found "$groups"
    last=$((number + each - 1))
    while [ $number -le $last ] && [ $number -le "$windows" ]; do
      for workload in $workloads; do
        over && break 2
        # who is first changes, so that neither has always what the other one leaves behind
        if [ $((number % 2)) -eq 1 ]; then order='old new'; else order='new old'; fi
        for side in $order; do
          measure $side "$groups" "$workload" $number || {
            failed="window $number of $workload of $(name $side) on $groups groups failed, see above; it was the last one"
            break 5
          }
        done
      done
      number=$((number + 1))
    done
    stop
    rm -rf "$folder/data.old" "$folder/data.new"
  done
done
stop
over && echo "the limit of $limit s was reached: windows are missing"
[ -z "$failed" ] || echo "$failed"

echo
printf 'medians; ratio: %s / %s; pairs: the median of the ratios of neighbouring windows\n' "$other" "$base"
printf '%6s  %-8s %7s %9s %9s %6s %6s %9s %9s %6s %8s %8s %8s %8s %8s\n' groups workload windows 'CPU ms/k' 'then' ratio \
  pairs ops/s then ratio p50/us then p99/us then pace/ms
awk '
  function median(list, n,    i, j, swap, copy) {
    for (i = 1; i <= n; i++) copy[i] = list[i]
    for (i = 2; i <= n; i++) for (j = i; j > 1 && copy[j - 1] > copy[j]; j--) {
      swap = copy[j]; copy[j] = copy[j - 1]; copy[j - 1] = swap
    }
    return n % 2 ? copy[(n + 1) / 2] : (copy[n / 2] + copy[n / 2 + 1]) / 2
  }
  function of(side, column,    i, list) {
    for (i = 1; i <= count; i++) list[i] = value[key, i, side, column]
    return median(list, count)
  }
  {
    key = $1 " " $2
    if (!(key in seen)) { seen[key] = 1; order[++keys] = key }
    if ($3 > most[key]) most[key] = $3
    for (c = 5; c <= 10; c++) value[key, $3, $4, c] = $c + 0
  }
  END {
    for (k = 1; k <= keys; k++) {
      key = order[k]; count = 0
      while (((key, count + 1, "old", 5) in value) && ((key, count + 1, "new", 5) in value)) count++
      if (count == 0) continue
      for (i = 1; i <= count; i++) {
        pairs[i] = value[key, i, "new", 5] / value[key, i, "old", 5]
        paces[2 * i - 1] = value[key, i, "new", 10]; paces[2 * i] = value[key, i, "old", 10]
      }
      split(key, words, " ")
      printf "%6s  %-8s %7d %9.2f %9.2f %6.3f %6.3f %9.0f %9.0f %6.3f %8.0f %8.0f %8.0f %8.0f %8.0f\n", words[1], words[2], count, \
        of("new", 5), of("old", 5), of("new", 5) / of("old", 5), median(pairs, count), of("new", 7), of("old", 7), \
        of("new", 7) / of("old", 7), of("new", 8), of("old", 8), of("new", 9), of("old", 9), median(paces, 2 * count)
    }
  }' "$results"
[ -z "$failed" ] || exit 1
