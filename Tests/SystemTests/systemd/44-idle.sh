# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Without clients and without state the daemon can end by itself; the socket brings it back.

systemctl stop iommud.socket iommud-admin.socket iommud.service
unit_override 'ExecStart=' 'ExecStart=/usr/local/bin/iommud --exit-idle 1'
systemctl start iommud.socket
as alice iommuctl status >/dev/null
pid=$(property iommud.service MainPID)
inactive() { [[ $(property iommud.service ActiveState) == inactive ]]; }
check "it ends after its time" within 10 inactive
equal "on its own accord" "$(property iommud.service Result)/$(property iommud.service ExecMainStatus)" success/0
equal "the socket still listens" "$(property iommud.socket SubState)" listening
check "the next client finds a new one" as alice iommuctl status
check "which is another process" test "$(property iommud.service MainPID)" != "$pid"

# State keeps it: a named context with something in it.
as alice iommuctl ioas alloc >/dev/null
pid=$(property iommud.service MainPID)
sleep 2.5
equal "with state it stays" "$(property iommud.service MainPID)" "$pid"
check "the state goes" as alice iommuctl context destroy default
check "and so does the daemon" within 10 inactive

# It ends the moment that nobody is there, and clients come at that moment: each has to be answered. (That many
# starts are more than a socket unit usually takes.)
mkdir -p /run/systemd/system/iommud.socket.d
printf '%s\n' '[Socket]' TriggerLimitIntervalSec=0 >/run/systemd/system/iommud.socket.d/test.conf
unit_override 'ExecStart=' 'ExecStart=/usr/local/bin/iommud --exit-idle 0'
systemctl restart iommud.socket
check "400 clients come while it ends again and again, and none is lost" \
  as alice python3 /mnt/iommud/Tests/SystemTests/python/knock.py /run/iommud/user.sock 400
journalctl --sync
starts=$(journalctl --no-pager -o cat -u iommud.service | grep -c 'ready, listening')
check "it ended often enough for that to mean something ($starts starts)" test "$starts" -gt 20
systemctl stop iommud.socket iommud-admin.socket iommud.service
rm -rf /run/systemd/system/iommud.socket.d
unit_usual
