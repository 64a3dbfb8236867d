# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0

install_to() {
  /mnt/iommud/Scripts/install "${@:2}" --bin /mnt/bin --destdir "$1" --bindir /usr/local/bin \
    --unitdir /usr/local/lib/systemd --sysusers /usr/local/lib/sysusers.d \
    --docdir /usr/local/share/doc/iommud --mandir /usr/local/share/man --prefix /usr/local
}

check "installs into a DESTDIR" install_to /tmp/staged
equal "nothing but the prefix is touched there" "$(ls /tmp/staged)/$(ls /tmp/staged/usr)" "usr/local"
check "installs into the system" install_to ''
for file in bin/iommud bin/iommuctl lib/systemd/system/iommud.{service,socket} lib/sysusers.d/iommud.conf \
  lib/systemd/user/iommud.{service,socket} share/doc/iommud/LICENSE; do
  check "$file is there and the same in both" cmp "/usr/local/$file" "/tmp/staged/usr/local/$file"
done
check "the programs need no Swift library" bash -c '! ldd /usr/local/bin/iommud /usr/local/bin/iommuctl | grep -i swift'

check "systemd-sysusers makes the group" systemd-sysusers
check "group iommu exists" getent group iommu
# alice is a member, carol another one, bob is not.
useradd --no-create-home --groups iommu alice
useradd --no-create-home --groups iommu carol
useradd --no-create-home bob

systemctl daemon-reload
verify() {
  local said status=0
  said=$(systemd-analyze verify "$@" 2>&1) || status=$?
  [[ $status == 0 && -z $said ]] || { echo "status $status: $said"; return 1; }
}
check "systemd-analyze verify finds no fault in the system units" \
  verify iommud.socket iommud-admin.socket iommud-observer.socket iommud.service
verify_user() { XDG_RUNTIME_DIR=/run verify --user /usr/local/lib/systemd/user/iommud.{socket,service}; }
check "nor in the user units" verify_user
check "systemd-analyze rates the service's exposure at 0.5 of 10 at most" \
  systemd-analyze security --no-pager --threshold=5 iommud.service
