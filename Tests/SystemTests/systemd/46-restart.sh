# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# A persistent context is the same after each way in which the daemon may go.


systemctl stop iommud.socket iommud-admin.socket iommud.service
unit_override WatchdogSec=2s
systemctl start iommud.socket
check "alice has a persistent context with something of every kind" persist alice make /tmp/alice.json
check "and carol one that does not persist" as carol iommuctl ioas alloc
stored=$(kept)
check "systemd keeps its log and its two memories" test "$stored" = 3

# same WHAT: alice's context is as it was, and systemd keeps the same.
same() {
  check "$1 the context is as it was, bytes included" persist alice check /tmp/alice.json
  equal "and systemd keeps as much" "$(kept)" "$stored"
}
changed() { [[ $(property iommud.service MainPID) != "$pid" && $(property iommud.service ActiveState) == active ]]; }

pid=$(property iommud.service MainPID)
check "systemctl restart" systemctl restart iommud.service
check "is another process" changed
same "after it"
equal "carol's context is gone" "$(as carol iommuctl object list -q)" ""

pid=$(property iommud.service MainPID)
check "SIGKILL" kill -KILL "$pid"
check "systemd starts it anew" within 20 changed
same "after it"

pid=$(property iommud.service MainPID)
check "SIGSTOP" kill -STOP "$pid"
check "its watchdog ends it, and systemd starts it anew" within 20 changed
same "after it"

check "alice destroys her context" as alice iommuctl context destroy kept
equal "and systemd keeps nothing any more" "$(kept)" 0
check "restarted once more" systemctl restart iommud.service
equal "it is gone for good" "$(as alice iommuctl context list -q)" ""
systemctl stop iommud.service 2>/dev/null
unit_usual
