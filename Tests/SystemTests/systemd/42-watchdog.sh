# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# What the daemon tells systemd, and what systemd does when the loop says nothing any more.

# told PATTERN: a message to systemd since the last look, as systemd's own journal has it.
told() { journalctl --sync && journalctl --quiet --no-pager --cursor-file=/run/told _PID=1 -o cat >/run/told.log; grep -E "$1" /run/told.log; }
forget_told() { journalctl --sync; journalctl --quiet --no-pager --cursor-file=/run/told _PID=1 >/dev/null; }

systemctl stop iommud.socket iommud-admin.socket iommud.service
unit_override WatchdogSec=2s
systemctl start iommud.socket
systemctl log-level debug
forget_told
as alice iommuctl status >/dev/null
pid=$(property iommud.service MainPID)
status_is() { [[ $(property iommud.service StatusText) =~ $1 ]]; }
before=$(property iommud.service StatusText)
check "an object of alice's" as alice iommuctl ioas alloc
changed() { [[ $(property iommud.service StatusText) != "$before" ]]; }
check "changes the status line within 3 s" within 3 changed
echo "        $(property iommud.service StatusText)"
check "and goes with her context" as alice iommuctl context destroy default
back() { [[ $(property iommud.service StatusText) != *" 1 "* ]]; }
check "from the status line too" within 3 back
# Longer than the watchdog has patience: the daemon has to say on its own that it lives.
sleep 3
equal "left alone by everybody it lives on" "$(property iommud.service MainPID)" "$pid"

restarts=$(property iommud.service NRestarts)
kill -STOP "$pid"
killed() { (($(property iommud.service NRestarts) > restarts)) && [[ $(property iommud.service ActiveState) == active ]]; }
check "stopped, it is killed and started anew by systemd" within 20 killed
check "because of the watchdog" bash -c 'journalctl --sync; journalctl --no-pager -u iommud.service | grep -i "watchdog timeout"'
check "and answers" as alice iommuctl status
systemctl stop iommud.service
told '.' >/dev/null || true
check "systemd heard READY" grep -E 'iommud.service: Got notification message.*READY=1' /run/told.log
check "STATUS" grep -E 'iommud.service: Got notification message.*STATUS=' /run/told.log
check "WATCHDOG" grep -E 'iommud.service: Got notification message.*WATCHDOG=1' /run/told.log
check "and STOPPING" grep -E 'iommud.service: Got notification message.*STOPPING=1' /run/told.log
systemctl log-level info
unit_usual
