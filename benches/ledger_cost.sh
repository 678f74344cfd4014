#!/usr/bin/env bash
# What a ledger costs a scan: processor time (user and system) and time by
# the clock of the same scan without and with --ledger, in turns, so that
# other work on the machine falls on both.
#
#   benches/ledger_cost.sh target/release/trommel posts.ndjson packs.img [ROUNDS] [FLAGS…]
#
# FLAGS go to both scans. Prints the medians and their ratios.
set -euo pipefail

program=$1 posts=$2 image=$3 rounds=${4:-7}
shift $(($# < 4 ? $# : 4))
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

seconds() { # OUTPUT COMMAND…
    local out=$1
    shift
    local TIMEFORMAT='%U %S %R'
    { time "$@" >/dev/null 2>"$folder/errors"; } 2>>"$out" ||
        { cat "$folder/errors" >&2; exit 2; }
}

median() { # FILE EXPRESSION
    awk "{ print $2 }" "$1" | sort -n |
        awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'
}

scan=("$program" scan "$posts" -r "$image" -q "$@")
"${scan[@]}" --ledger "$folder/first" >/dev/null
flagged=$("$program" ledger show "$folder/first" | grep -c '"evidence"')
for ((i = 0; i < rounds; i++)); do
    seconds "$folder/without" "${scan[@]}" -o /dev/null
    rm -rf "$folder/ledger"
    seconds "$folder/with" "${scan[@]}" -o /dev/null \
        --ledger "$folder/ledger" --archive "$folder/first/archive"
done
echo "flagged: $flagged of $(wc -l <"$posts")"
for what in 'processor time=$1 + $2' 'time by the clock=$3'; do
    awk -v a="$(median "$folder/without" "${what#*=}")" \
        -v b="$(median "$folder/with" "${what#*=}")" -v what="${what%%=*}" \
        'BEGIN { printf "without: %.2f s, with: %.2f s of %s, ratio %.3f\n",
            a, b, what, b / a }'
done
