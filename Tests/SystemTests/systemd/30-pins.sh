# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Pins are real: the kernel's own count of pinned pages follows the map and the unmap. (The limit of locked memory
# in the guest is the machine's, often 8 MiB: 2 MiB fit.)

systemctl start iommud.socket
as alice iommuctl status >/dev/null

pid=$(property iommud.service MainPID)
ctl() { as alice iommuctl "$@"; }
equal "nothing is pinned at first" "$(pinned "$pid")" 0

ioas=$(ctl ioas alloc -q)
device=$(ctl device bind -q)
hwpt=$(ctl device attach "$device" "$ioas" -q)
iova=$(ctl ioas map "$ioas" --size 2M -q)
rise=$(pinned "$pid")
lock=$(locked "$pid")
if ((rise > 0)); then
  equal "VmPin rose by exactly 2 MiB" "$rise" 2048
else
  equal "without io_uring 2 MiB are locked instead" "$lock" 2048
fi
check "the device translates it" ctl hwpt translate "$hwpt" "$iova" 2M
equal "what is written through an access is read back" "$(
  access=$(ctl access create "$ioas" -q)
  echo -n "sixteen bytes ok" | ctl access write "$access" "$iova" >/dev/null
  ctl access read "$access" "$iova" 16
)" "sixteen bytes ok"

try alice iommuctl ioas map "$ioas" --size 3G
equal "more than may be pinned is refused" "$status" 1
matches "as ENOMEM, or as over a quota" "$err" "ENOMEM|EDQUOT"
equal "and nothing of it stays pinned" "$(($(pinned "$pid") + $(locked "$pid")))" $((rise + lock))

check "unmap" ctl ioas unmap "$ioas" "$iova"
equal "nothing is pinned any more" "$(pinned "$pid")" 0
equal "nothing is locked any more" "$(locked "$pid")" 0
check "the context goes" ctl context destroy default
