# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0

check "systemctl start iommud.socket" systemctl start iommud.socket
equal "the socket is listening" "$(property iommud.socket SubState)" listening
equal "it belongs to group iommu, and to nobody else" "$(stat -c '%a %U %G' /run/iommud/user.sock)" "660 root iommu"
equal "the service has not been started by that" "$(property iommud.service ActiveState)" inactive

try bob iommuctl status
equal "somebody outside the group: exit status 3" "$status" 3
matches "a sentence that says permission denied" "${err,,}" "permission denied"
matches "it names the socket" "$err" "/run/iommud/user.sock"
equal "nothing on standard output" "$out" ""
equal "no service was started for that" "$(property iommud.service ActiveState)" inactive

started=$(date +%s%N)
try alice iommuctl status
took=$((($(date +%s%N) - started) / 1000000))
equal "a member of the group: exit status 0" "$status" 0
equal "nothing on standard error" "$err" ""
check "answered within 2 s of activation (took $took ms)" test "$took" -lt 2000
equal "the service is active" "$(property iommud.service ActiveState)" active
equal "it told so itself (Type=notify)" "$(property iommud.service Type)" notify
has_status() { [[ $(property iommud.service StatusText) =~ [a-z] ]]; }
check "and has a status line within 3 s" within 3 has_status
echo "        $(property iommud.service StatusText)"
equal "the admin socket came with it" "$(property iommud-admin.socket ActiveState)" active
equal "the observer socket did not" "$(property iommud-observer.socket ActiveState)" inactive

pid=$(property iommud.service MainPID)
uid=$(stat -c %u "/proc/$pid")
check "it runs as a dynamic user ($uid)" test "$uid" -ge 61184 -a "$uid" -le 65519
equal "without any capability" "$(awk '/^Cap(Prm|Eff|Bnd|Amb):/{print $2}' "/proc/$pid/status" | sort -u)" 0000000000000000
equal "under a system call filter" "$(awk '/^Seccomp:/{print $2}' "/proc/$pid/status")" 2
equal "its unit asks for unlimited locked memory" "$(property iommud.service LimitMEMLOCK)" infinity

as alice iommuctl status --json >/tmp/status.json
equal "status knows who asks" "$(member info.uid </tmp/status.json)" "$(id -u alice)"

ask() { printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"server.info"}' | as alice socat -t 5 - UNIX:/run/iommud/user.sock; }
matches "a line sent with socat is answered" "$(ask)" '^\{"jsonrpc":"2.0","id":1,"result":\{'

# The idle daemon does nothing: over two seconds the kernel counts no switch to any of its threads.
switches() { cat "/proc/$pid/task"/*/status | awk '/ctxt_switches:/{n += $2} END{print n}'; }
quiet() { local before; before=$(switches); sleep 2; compare "$(switches)" "$before"; }
check "idle, no thread of it runs (within 20 s)" within 20 quiet
echo "        idle resident memory: $(awk '/^VmRSS:/{print $2}' "/proc/$pid/status") kB, threads: $(awk '/^Threads:/{print $2}' "/proc/$pid/status")"
