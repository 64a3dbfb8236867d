# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# The demo as bob, a user without any right: with 8 MiB of locked memory, and again where there is no io_uring.

demo() {
  systemd-run --quiet --wait --pipe --property=User=bob --property=LimitMEMLOCK=8M "$@" \
    /mnt/bin/Scripts/demo --bin /mnt/bin 2>&1
}
demo >/tmp/demo.out
equal "ends well for a user with 8 MiB of locked memory" "$(tail -n 1 /tmp/demo.out)" "demo: ok"
check "its memory was pinned" grep -q 'as pinned by the daemon' /tmp/demo.out
demo --property=SystemCallFilter=~io_uring_setup --property=SystemCallErrorNumber=EPERM >/tmp/demo.out
equal "ends well without io_uring" "$(tail -n 1 /tmp/demo.out)" "demo: ok"
check "and says: locked, not pinned" grep -q 'locked, not pinned' /tmp/demo.out
demo --property=LimitMEMLOCK=0 >/tmp/demo.out
equal "fails where nothing can be locked, and says so" "$(tail -n 1 /tmp/demo.out)" "demo: failed"

# A shell's background commands ignore SIGINT, which a foreground one, as it is meant here, does not.
setpriv --reuid bob --regid bob --clear-groups env --default-signal=INT \
  /mnt/bin/Scripts/demo --bin /mnt/bin >/tmp/demo.out 2>&1 &
demo=$!
begun() { compgen -G '/tmp/iommud-demo.*/user.sock'; }
check "begins once more" within 10 begun
kill -INT "$demo"
wait "$demo"
equal "ends when it is interrupted" $? 130
check "and leaves nothing behind, ever" bash -c '! compgen -G "/tmp/iommud-demo.*" && ! pgrep -u bob iommud'
