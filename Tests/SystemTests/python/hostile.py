#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hostile.py SOCKET [WORD]: attacks a running iommud and says what came of it, one line an attack.

After every attack the daemon has to hold exactly what it held before (server.stats, its descriptors, VmPin and
VmLck), and a client that keeps the rules must not have noticed. WORD picks the attacks with it in their names.
Standard library alone; the daemon has to run under the same uid.
"""

import sys

import hostile_chaos  # noqa: F401  each puts its attacks into the table
import hostile_crowd  # noqa: F401
import hostile_engine  # noqa: F401
import hostile_lines  # noqa: F401
import hostile_memory  # noqa: F401
import hostile_waits  # noqa: F401
from hostile_kit import Stage
from hostile_show import show

sys.exit(show(Stage(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
