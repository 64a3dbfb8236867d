# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
#
# What the parts share: how to check, and how to act as somebody.

passed=0
failed=0

# check WHAT COMMAND...: COMMAND succeeds.
check() {
  local what=$1 output
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
    echo "ok      $what"
  else
    failed=$((failed + 1))
    echo "FAILED  $what"
    printf '        tried: %s\n' "$*"
    [[ -z $output ]] || printf '%s\n' "$output" | head -n 20 | sed 's/^/        /'
  fi
}

# equal WHAT ACTUAL EXPECTED
equal() { check "$1" compare "$2" "$3"; }
compare() { [[ $1 == "$2" ]] || { echo "is: '$1', expected: '$2'"; return 1; }; }

# matches WHAT ACTUAL REGEX
matches() { check "$1" compare_regex "$2" "$3"; }
compare_regex() { [[ $1 =~ $2 ]] || { echo "is: '$1', expected to match: $2"; return 1; }; }

# within SECONDS COMMAND...: COMMAND succeeds at some moment in that time.
within() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || { echo "not within the time: $*"; return 1; }
    sleep 0.05
  done
}

# as USER COMMAND...: as that user, with the user's groups and without any right of root's.
as() {
  local user=$1
  shift
  setpriv --reuid "$user" --regid "$user" --init-groups --bounding-set=-all --no-new-privs \
    env -i PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 HOME=/ "$@"
}

# try USER COMMAND...: like as; leaves output, errors and status behind in variables.
try() {
  out=$(as "$@" 2>/tmp/errors) && status=0 || status=$?
  err=$(cat /tmp/errors)
}

property() { systemctl show --property="$2" --value "$1"; }

# member NAME.NAME...: that member of the JSON object on standard input.
member() {
  python3 -c '
import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].split("."):
    value = value[int(name)] if isinstance(value, list) else value[name]
print(json.dumps(value) if isinstance(value, (dict, list, bool)) else value)' "$1"
}

# pinned PID: kilobytes that the kernel counts as pinned by this process.
pinned() { awk '/^VmPin:/{print $2}' "/proc/$1/status"; }
locked() { awk '/^VmLck:/{print $2}' "/proc/$1/status"; }

# unit_override LINE...: the service runs with these settings until unit_usual.
unit_override() {
  mkdir -p /run/systemd/system/iommud.service.d
  printf '%s\n' '[Service]' "$@" >/run/systemd/system/iommud.service.d/test.conf
  systemctl daemon-reload
}
unit_usual() {
  rm -rf /run/systemd/system/iommud.service.d
  systemctl daemon-reload
}

tools=/mnt/iommud/Tests/SystemTests/python
socket=/run/iommud/user.sock
# persist USER STORY...: persist.py as that user.
persist() { as "$1" python3 "$tools/persist.py" "$socket" "${@:2}"; }
# kept: descriptors that systemd keeps for the service.
kept() { property iommud.service NFileDescriptorStore; }
