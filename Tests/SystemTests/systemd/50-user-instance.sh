# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# A private instance under a user's own service manager. There is no login manager in the guest, so the service
# manager of bob, who is not in the group, is started as a unit.

runtime=/run/user/$(id -u bob)
mkdir -p /run/user
install -d -o bob -g bob -m 0700 "$runtime"
check "a service manager for bob" systemd-run --quiet --unit=bob --property=User=bob --property=Type=notify \
  --property=Delegate=yes --property=LimitMEMLOCK=8M --setenv=XDG_RUNTIME_DIR="$runtime" /lib/systemd/systemd --user
bobctl() { as bob env XDG_RUNTIME_DIR="$runtime" "$@"; }
check "bob starts his own socket" bobctl systemctl --user start iommud.socket
equal "it is his alone" "$(stat -c '%a %U' "$runtime/iommud/user.sock")" "600 bob"
check "his iommuctl finds it and activates his instance" bobctl iommuctl status
equal "which runs as himself" "$(stat -c %U "/proc/$(bobctl systemctl --user show -P MainPID iommud.service)")" bob
# shellcheck disable=SC2016
check "and pins for him" bobctl bash -ec '
  ioas=$(iommuctl ioas alloc -q); device=$(iommuctl device bind -q)
  iommuctl device attach "$device" "$ioas"; iommuctl ioas map "$ioas" --size 1M'
check "bob stops it" bobctl systemctl --user stop iommud.socket iommud.service
systemctl stop bob.service
