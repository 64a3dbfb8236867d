# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# One user at all its limits, and another who maps and unmaps a page: each has its turn. Here because it takes the
# release build and two users; the daemon is one of its own, started by hand.

folder=$(mktemp -d)
chmod 0755 "$folder"
/mnt/bin/iommud --listen "$folder/socket" 2>"$folder/log" &
daemon=$!
within 10 test -S "$folder/socket"
chmod 0666 "$folder/socket"
# A machine that does something else at that moment says nothing about the daemon: a second time for longer.
for seconds in 5 10; do
  fair=0
  figures=$(python3 /mnt/iommud/Tests/SystemTests/python/fairness.py "$folder/socket" "$seconds" 2>&1) || fair=1
  if ((fair == 0)); then break; fi
done
while IFS= read -r line; do echo "        $line"; done <<<"$figures"
equal "who asks for little keeps at least half of the rate, and is never far behind" "$fair" 0
kill "$daemon"
wait "$daemon"
equal "and the daemon ends as it should" $? 0
rm -rf "$folder"
