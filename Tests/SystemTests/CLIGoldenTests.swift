// SPDX-License-Identifier: Apache-2.0

import Testing

/// Sessions with the real program and the real daemon, byte for byte.
@Suite("What the command line answers")
struct CLIGoldenTests {
  @Test("the main job, for people")
  func mainJob() throws {
    try CLIDaemon().check(
      """
      $ iommuctl ioas alloc
      """)
  }
}
