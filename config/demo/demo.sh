#!/usr/bin/env bash
# Plays Tocsin's story on this machine: a private MQTT broker on a loopback port, tocsind with the
# small town of this folder, and `tocsin simulate`. Ctrl-C or the end leaves nothing behind.
#
#   BUILD=build/release   where tocsind and tocsin are (set by `make demo`)
#   DEMO_PORT=1883        the broker's port; default: a free one
#   DEMO_KEEP=1           keep running after the story until Ctrl-C
#   DEMO_STORY=town       as `tocsin simulate --story`; DEMO_SPEED=1 as --speed
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${BUILD:-$here/../../build/release}
work=
broker_pid=
daemon_pid=
simulate_pid=

say() { printf '%s\n' "$*"; }
fail() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

# Ends one of our processes in an orderly way, and by force if it does not end within 5 s.
stop() {
    local pid=$1 i
    [ -n "$pid" ] || return 0
    kill -TERM "$pid" 2>/dev/null || return 0
    for ((i = 0; i < 100; i++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    return 0
}

# shellcheck disable=SC2317  # called by the trap
cleanup() {
    trap - EXIT INT TERM HUP
    stop "$simulate_pid"
    stop "$daemon_pid"
    stop "$broker_pid"
    [ -z "$work" ] || rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Runs a command in the background in a session of its own, so that Ctrl-C reaches this script
# only, which then ends everything in order; should this script be killed, it goes, too.
background() { exec setsid setpriv --pdeathsig TERM -- "$@"; }

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start_broker() {
    local port=$1 i
    {
        echo "listener $port 127.0.0.1"
        echo "allow_anonymous true"
        echo "set_tcp_nodelay true"
        echo "max_inflight_messages 1000"
        echo "max_queued_messages 100000"
        echo "persistence false"
        [ "$(id -u)" != 0 ] || echo "user root"
    } > "$work/mosquitto.conf"
    background "$mosquitto" -c "$work/mosquitto.conf" > "$work/mosquitto.log" 2>&1 &
    broker_pid=$!
    for ((i = 0; i < 100; i++)); do
        if ! kill -0 "$broker_pid" 2>/dev/null; then
            wait "$broker_pid" 2>/dev/null
            broker_pid=
            return 1
        fi
        ! listening "$port" || return 0
        sleep 0.05
    done
    stop "$broker_pid"
    broker_pid=
    return 1
}

# A broker on the port asked for, or on the first free one of some at random.
find_port() {
    local i
    if [ -n "${DEMO_PORT:-}" ]; then
        case $DEMO_PORT in
        *[!0-9]* | ??????*) fail "DEMO_PORT='$DEMO_PORT' is not a port number (1 to 65535)" ;;
        esac
        port=$((10#$DEMO_PORT))
        { [ "$port" -ge 1 ] && [ "$port" -le 65535 ]; } ||
            fail "DEMO_PORT='$DEMO_PORT' is not a port number (1 to 65535)"
        ! listening "$port" ||
            fail "port $port is in use; choose another with DEMO_PORT, or leave it away"
        start_broker "$port" || broker_failed
        return
    fi
    for ((i = 0; i < 10; i++)); do
        port=$((20000 + RANDOM % 12000))
        listening "$port" && continue
        ! start_broker "$port" || return 0
    done
    broker_failed
}

broker_failed() {
    say "mosquitto said:" >&2
    tail -n 5 "$work/mosquitto.log" >&2
    fail "the private broker did not start on 127.0.0.1:$port"
}

mosquitto=$(command -v mosquitto || true)
[ -n "$mosquitto" ] || [ ! -x /usr/sbin/mosquitto ] || mosquitto=/usr/sbin/mosquitto
[ -n "$mosquitto" ] || fail "mosquitto is not installed: apt-get install mosquitto"
for program in tocsind tocsin; do
    [ -x "$build/$program" ] || fail "$build/$program is not there: run make first"
done
work=$(mktemp -d "${TMPDIR:-/tmp}/tocsin-demo.XXXXXX") || fail "no temporary directory can be made"
mkdir "$work/state" || exit 1
socket=$work/tocsin.sock
[ "${#socket}" -le 100 ] || fail "$socket is too long for a socket; set TMPDIR to a shorter folder"

find_port
url=mqtt://127.0.0.1:$port
say "MQTT broker on port $port. In another terminal, watch everything that Tocsin publishes:"
say "    mosquitto_sub -p $port -t 'tocsin/#' -v"
say

background "$build/tocsind" --config "$here/tocsin.yaml" --state-dir "$work/state" \
    --socket "$socket" --devices-url "$url" --upstream-url "$url" &
daemon_pid=$!
for ((i = 0; ; i++)); do
    kill -0 "$daemon_pid" 2>/dev/null || fail "tocsind ended; what it said is above"
    "$build/tocsin" --socket "$socket" --json status > "$work/status" 2>&1
    # Both connections, devices and upstream, have to be there.
    [ "$(grep -oE '"state": *"up"' "$work/status" | wc -l)" -lt 2 ] || break
    if [ "$i" -ge 200 ]; then
        cat "$work/status" >&2
        fail "tocsind did not come online within 10 s"
    fi
    sleep 0.05
done

# Plays a story; Ctrl-C ends the wait, and cleanup the rest.
simulate() {
    background "$build/tocsin" simulate --broker "$url" "$@" &
    simulate_pid=$!
    wait "$simulate_pid"
    result=$?
    simulate_pid=
}

simulate --story "${DEMO_STORY:-town}" --speed "${DEMO_SPEED:-1}"

if [ "${DEMO_KEEP:-0}" = 1 ]; then
    story_result=$result
    tocsin=$build/tocsin
    case $tocsin in "$PWD"/*) tocsin=${tocsin#"$PWD"/} ;; esac
    say
    say "Still running until Ctrl-C. Try in another terminal:"
    say "    mosquitto_sub -p $port -t 'tocsin/#' -v"
    say "    export TOCSIN_SOCKET=$socket"
    for command in status "alarms --all" "tasks --all" "devices 潮东" rejects "tail -f"; do
        say "    $tocsin $command"
    done
    say "    mosquitto_pub -p $port -t zigbee2mqtt/laojie/28 -m '{\"smoke\":true}'"
    simulate --story quiet --quiet
    result=$story_result
fi
exit "$result"
