# shellcheck shell=bash disable=SC2016,SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Memory of a process goes through a descriptor that the process opened itself: a service of another user, with no
# capability and a /proc that shows it no other process, reads it all the same.

systemctl start iommud.socket
equal "memory of a client's own process is read" "$(as alice sh -c '
  ioas=$(iommuctl ioas alloc -q)
  access=$(iommuctl access create "$ioas" -q)
  iova=$(iommuctl ioas map "$ioas" --process "$$@0x$(head -c 12 /proc/$$/maps)" --length 4K -q)
  iommuctl access read "$access" "$iova" 4 | tail -c 3')" ELF
id=$(as alice iommuctl memory list -q)
equal "nothing holds it in place" "$(as alice iommuctl memory show "$id" --json | member residency)" advisory
access=$(as alice iommuctl object list --kind access -q)
area=$(as alice iommuctl ioas areas 1 -q)
try alice iommuctl access read "$access" "$area" 4
equal "and it ends with the process" "$status" 1
matches "as EFAULT" "$err" EFAULT

# An admin finds it in alice's context, and ends that.
admin() { iommuctl --socket /run/iommud/admin.sock --owner "$(id -u alice)" "$@"; }
equal "root sees it through the admin socket" "$(admin memory list -q)" "$id"
check "and destroys alice's context" admin context destroy default
equal "which is gone" "$(as alice iommuctl context list -q)" ""
