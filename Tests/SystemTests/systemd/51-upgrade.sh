# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Upgrades and downgrades under load: the service is restarted with another program in its place, and back.

systemctl start iommud.socket
# The same program as another file, which runs all the same with more behind its end.
cp /usr/local/bin/iommud /tmp/iommud.other
echo "another version" >>/tmp/iommud.other
for user in 60000 60001 60002 60003; do users+=("$user"); done
upgraded=0
figures=$(setpriv --groups iommu python3 "$tools/upgrade.py" /usr/local/bin/iommud /tmp/iommud.other --restarts 8 2>&1) || upgraded=1
while IFS= read -r line; do echo "        $line"; done <<<"$figures"
equal "eight times another program under load, and nothing that was acknowledged is lost" "$upgraded" 0
check "all of that was one unit without a failure" test "$(property iommud.service Result)" = success
for user in "${!users[@]}"; do
  check "client $user destroys its context" \
    iommuctl --socket /run/iommud/admin.sock --owner "${users[user]}" context destroy "soak-$user"
done
check "the program is the one that was installed" cmp /mnt/bin/iommud /usr/local/bin/iommud
systemctl restart iommud.service
equal "nothing is kept" "$(property iommud.service NFileDescriptorStore)" 0
systemctl stop iommud.service 2>/dev/null
