# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# A log that is damaged, and one of a later version: the daemon goes on, everything is kept, and only that context
# cannot be used until its owner, or the admin, gives it up.

systemctl start iommud.socket
admin() { iommuctl --socket /run/iommud/admin.sock "$@"; }
alice=$(id -u alice)
check "carol has a persistent context" persist carol make /tmp/carol.json
hers=$(kept)

# spoiled HOW: alice makes a context, its log is spoiled, and the service started anew.
spoiled() {
  check "alice makes one" persist alice make /tmp/alice.json
  stored=$(kept)
  check "its log becomes $1" python3 "$tools/spoil.py" "$(property iommud.service MainPID)" "$1" "$alice" kept
  check "the service is restarted" systemctl restart iommud.service
  equal "and active" "$(property iommud.service ActiveState)" active
  equal "alice's context says EUCLEAN" "$(persist alice open kept)" EUCLEAN
  told() { [[ $(property iommud.service StatusText) == *degraded:\ 1\ context* ]]; }
  check "the status line says it" within 3 told
  echo "        $(property iommud.service StatusText)"
  equal "so does the list of contexts" "$(admin context list --json | python3 -c 'import json, sys
print(*(item["state"] for item in json.load(sys.stdin)["items"] if item["owner"] == '"$alice"'))')" unreadable
  check "carol's is as it was" persist carol check /tmp/carol.json
  equal "alice may have others" "$(persist alice open other)" open
  equal "everything is kept" "$(kept)" "$stored"
}
recovered() {
  equal "only carol's is kept then" "$(kept)" "$hers"
  clean() { [[ $(property iommud.service StatusText) != *degraded* ]]; }
  check "the status line is as usual" within 3 clean
  check "alice makes the context anew" persist alice make /tmp/alice.json
  check "restarted" systemctl restart iommud.service
  check "it is as it was" persist alice check /tmp/alice.json
  check "and destroyed" as alice iommuctl context destroy kept
}

spoiled corrupt
check "alice gives it up" as alice iommuctl context destroy kept
recovered
spoiled newer
check "the admin gives it up" admin --owner "$alice" context destroy kept
recovered
check "carol destroys hers" as carol iommuctl context destroy kept
equal "and nothing is kept" "$(kept)" 0
systemctl stop iommud.service 2>/dev/null
