# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0

systemctl start iommud.socket
as alice iommuctl status >/dev/null

pid=$(property iommud.service MainPID)
check "systemctl stop" systemctl stop iommud.service
equal "it ended by itself, with exit status 0" "$(property iommud.service Result)/$(property iommud.service ExecMainStatus)" success/0
check "the socket is still there" test -S /run/iommud/user.sock
check "the next client brings the service back" as alice iommuctl status
check "as a new process" test "$(property iommud.service MainPID)" != "$pid"

pid=$(property iommud.service MainPID)
check "SIGKILL" kill -KILL "$pid"
again() { [[ $(property iommud.service MainPID) != "$pid" && $(property iommud.service ActiveState) == active ]]; }
check "systemd restarts it" within 20 again
check "and it answers" as alice iommuctl status

pid=$(property iommud.service MainPID)
systemctl kill --signal=SIGSTOP iommud.service
equal "its watchdog is on" "$(property iommud.service WatchdogUSec)" 30s
systemctl kill --signal=SIGCONT iommud.service
check "it goes on after a pause" as alice iommuctl status

check "systemctl stop of all" systemctl stop iommud.socket iommud-admin.socket iommud.service
check "no socket is left" test ! -e /run/iommud/user.sock -a ! -e /run/iommud/admin.sock
try alice iommuctl status
equal "then nobody is there: exit status 3" "$status" 3
matches "with a sentence" "$err" "[a-z]+ [a-z]+"
