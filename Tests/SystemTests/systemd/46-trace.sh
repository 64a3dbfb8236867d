# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# The service records what clients do, where docs/trace.md says, and another one answers the same.

systemctl stop iommud.socket iommud-admin.socket iommud.service
unit_override ExecStart= 'ExecStart=/usr/local/bin/iommud --trace %L/iommud/trace' LogsDirectory=iommud LogsDirectoryMode=0700
systemctl start iommud.socket iommud-admin.socket
check "a traced service works" as alice iommuctl ioas alloc
check "alice maps a file" as alice iommuctl ioas map 1 --file /etc/services
check "and root looks at her context" iommuctl --socket /run/iommud/admin.sock context list
systemctl stop iommud.service
trace=/var/log/iommud/trace
equal "the trace is its owner's alone" "$(stat -L -c %a "$trace")" 600
try alice cat "$trace"
matches "nobody else reads it" "$err" "Permission denied"
check "the journal says where it is" bash -c "journalctl --sync; journalctl -q MESSAGE_ID=a2f4c1d86b0e4f97b3d5e86c07914a2e | grep -F 'recorded in $trace'"
install -m 0644 "$trace" /tmp/trace
unit_usual
systemctl start iommud.socket iommud-admin.socket
grep -v '"connection":3' /tmp/trace >/tmp/alices && chmod 0644 /tmp/alices
try alice iommuctl replay /tmp/alices
equal "alice is answered the same by a fresh one" "$out" "4 requests, 4 answers the same, no differences"
equal "with status 0" "$status" 0
systemctl stop iommud.service
try alice iommuctl replay /tmp/trace
matches "she is told what she may not do" "$err" "by the socket of role admin; say with --at admin:PATH"
check "nobody is left behind" as alice iommuctl status
as alice iommuctl context destroy default >/dev/null 2>&1 || true
rm -rf /tmp/trace /tmp/alices /var/log/iommud /var/log/private/iommud
