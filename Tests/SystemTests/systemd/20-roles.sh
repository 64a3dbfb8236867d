# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0

systemctl start iommud.socket
as alice iommuctl status >/dev/null

try alice iommuctl --socket /run/iommud/admin.sock status
equal "the admin socket is closed to a member of the group" "$status" 3
check "and open to root" iommuctl --socket /run/iommud/admin.sock status
try bob iommuctl --socket /run/iommud/observer.sock status
equal "the observer socket is off by default" "$status" 3

# Names of contexts are per user.
check "alice makes an address space in her default context" as alice iommuctl ioas alloc
check "carol makes one in hers" as carol iommuctl ioas alloc
count() { as "$1" iommuctl object list --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["items"]))'; }
equal "alice sees one object" "$(count alice)" 1
equal "carol sees one object" "$(count carol)" 1
check "alice destroys her context" as alice iommuctl context destroy default
equal "carol's is untouched" "$(count carol)" 1
check "carol destroys hers" as carol iommuctl context destroy default

# A socket can only be handed over at start; restarting the service starts what is newly enabled first.
check "the observer socket can be enabled" systemctl enable --quiet iommud-observer.socket
check "and comes with a restart of the service" systemctl restart iommud.service
check "then everybody may look" as bob iommuctl --socket /run/iommud/observer.sock status
try bob iommuctl --socket /run/iommud/observer.sock --context '' ioas alloc
equal "but change nothing: the daemon refuses" "$status" 1
matches "with a sentence naming the role or the right" "${err,,}" "observer|permi|EPERM|EACCES"
check "and off again" systemctl disable --quiet --now iommud-observer.socket
check "the service goes on without it" as alice iommuctl status
