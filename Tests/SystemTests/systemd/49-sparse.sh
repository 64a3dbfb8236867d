# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Clients' memory that was never there, or is there no more, under a limit that it would not fit into: a restart leaves
# it alone.

systemctl stop iommud.socket iommud-admin.socket iommud.service
unit_override MemoryMax=64M
systemctl start iommud.socket
# blocks: 512-byte blocks that the clients' files take, which the daemon has open.
blocks() {
  local file total=0
  for file in "/proc/$(property iommud.service MainPID)/fd"/*; do
    [[ $(readlink "$file") == "/memfd:client"* ]] && total=$((total + $(stat -L -c %b "$file")))
  done
  echo "$total"
}
limit() { cat /sys/fs/cgroup{,/memory}/system.slice/iommud.service/memory.{max,limit_in_bytes} 2>/dev/null; }
check "alice maps memory of which most is punched away, and 256 MiB that are not there" persist alice sparse
equal "the service may have 64 MiB" "$(limit)" $((64 << 20))
before=$(blocks)
check "of all that hardly anything is there ($before blocks)" test "$before" -gt 0 -a "$before" -lt 1000
restarts=$(property iommud.service NRestarts)
check "systemctl restart" systemctl restart iommud.service
equal "the context comes back" "$(persist alice open sparse)" open
equal "the daemon stayed up" "$(property iommud.service ActiveState)/$(property iommud.service NRestarts)" "active/$restarts"
equal "and nothing came to be there" "$(blocks)" "$before"
equal "the punched memory is degraded, the sparse one is not" \
  "$(as alice iommuctl --context sparse ioas areas 1 --json | member items.0.state)/$(
    as alice iommuctl --context sparse ioas areas 2 --json | member items.0.state)" degraded/mapped
check "alice destroys the context" as alice iommuctl context destroy sparse
systemctl stop iommud.service 2>/dev/null
unit_usual
