# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# What it costs that a change survives. Here because it takes the release build; the daemon is one of its own, and the
# script keeps its descriptors. The bound is about ten times what is usual.

costs=0
figures=$(python3 "$tools/log_cost.py" --daemon /mnt/bin/iommud --changes 5000 --rounds 5 --limit 6 2>&1) || costs=1
grep -v '^iommud: ' <<<"$figures" | sed 's/^/        /'
equal "a change in a persistent context costs hardly more" "$costs" 0
if command -v strace >/dev/null; then
  costs=0
  figures=$(python3 "$tools/log_cost.py" --daemon /mnt/bin/iommud --calls 2>&1) || costs=1
  grep -v '^iommud: ' <<<"$figures" | sed 's/^/        /'
  equal "and no system call" "$costs" 0
fi
