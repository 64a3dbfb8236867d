# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# As much as may be kept, under the unit as it is: it comes back, and soon enough.

systemctl start iommud.socket
admin() { iommuctl --socket /run/iommud/admin.sock "$@"; }
# Users who are nothing but numbers, in the group that may use the socket.
crowd() { setpriv --groups iommu python3 "$tools/persist.py" "$socket" "$@"; }
# restarted WHAT: measures a restart.
restarted() {
  local first all
  read -r first all <<<"$(python3 "$tools/persist.py" /run/iommud/admin.sock restart)"
  check "$1: a restart answers within 15 s (took ${first:-?} ms)" test "${first:-99999}" -lt 15000
  check "and has everything back within 60 s (took ${all:-?} ms)" test "${all:-99999}" -lt 60000
  equal "and active, without one attempt more" \
    "$(property iommud.service ActiveState)/$(property iommud.service NRestarts)" active/0
}
seven=2001,2002,2003,2004,2005,2006,2007

equal "seven users fill the store, each with a log and 63 memories" "$(crowd fill $seven 0)" \
  "63:ENOSPC 63:ENOSPC 63:ENOSPC 63:ENOSPC 63:ENOSPC 63:ENOSPC 63:ENOSPC"
equal "448 objects are kept" "$(kept)" 448
equal "and nothing of an eighth user's" "$(crowd fill 2008 1)" ENOSPC
systemctl reset-failed iommud.service
restarted "448 objects"
equal "every one is there" "$(crowd count $seven)" "63/63 63/63 63/63 63/63 63/63 63/63 63/63"
equal "448 objects are kept" "$(kept)" 448
equal "the eighth user still has to wait" "$(crowd fill 2008 1)" ENOSPC
check "until one of the others lets go" admin --owner 2001 context destroy full
equal "then there is room" "$(crowd fill 2008 1)" 1
for uid in 2002 2003 2004 2005 2006 2007 2008; do admin --owner $uid context destroy full >/dev/null; done
equal "and in the end nothing is kept" "$(kept)" 0

five=2001,2002,2003,2004,2005
# As many of them pinned as fit into the guest's locked memory.
equal "five users map 100,000 areas, 1000 of them for devices" "$(crowd areas $five 20000 200)" "None None None None None"
restarted "100,000 areas"
equal "every one is there" "$(crowd count $five)" "1/20000 1/20000 1/20000 1/20000 1/20000"
for uid in 2001 2002 2003 2004 2005; do admin --owner $uid context destroy full >/dev/null; done
equal "and in the end nothing is kept" "$(kept)" 0
systemctl stop iommud.service 2>/dev/null
