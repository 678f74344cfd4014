#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own on a socket in a
# temporary folder, and stops the server afterwards:
#
#   tests/postgres.sh cargo test --all-features --test cli --test ledger
#
# The command finds the server under TROMMEL_TEST_STORE. Nothing listens on
# the network. Needs Debian's package `postgresql`, or any `initdb` and
# `pg_ctl` on the path.
set -euo pipefail

find_tool() {
    command -v "$1" 2>/dev/null || {
        # Debian keeps them off the path, by version.
        printf '%s\n' /usr/lib/postgresql/*/bin/"$1" | sort -V | tail -1
    }
}

initdb=$(find_tool initdb)
pg_ctl=$(find_tool pg_ctl)
if [ ! -x "$initdb" ] || [ ! -x "$pg_ctl" ]; then
    echo "tests/postgres.sh: initdb and pg_ctl are missing: install the" \
        "package postgresql" >&2
    exit 2
fi

folder=$(mktemp -d)
# PostgreSQL refuses to run as root.
as_user=()
if [ "$(id -u)" = 0 ]; then
    as_user=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    chown postgres "$folder"
fi
chmod 755 "$folder"

stop() {
    (cd / && "${as_user[@]}" "$pg_ctl" -D "$folder/data" -m immediate stop \
        >/dev/null 2>&1) || true
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM

(
    cd /
    "${as_user[@]}" "$initdb" -D "$folder/data" -U trommel -A trust \
        -E UTF8 --locale=C >"$folder/log" 2>&1
    "${as_user[@]}" "$pg_ctl" -D "$folder/data" -w -l "$folder/data/log" \
        -o "-c listen_addresses='' -c unix_socket_directories='$folder'" \
        start >>"$folder/log" 2>&1
) || {
    cat "$folder/log" >&2
    exit 2
}

export TROMMEL_TEST_STORE="postgresql:///postgres?host=$folder&user=trommel"
"$@"
