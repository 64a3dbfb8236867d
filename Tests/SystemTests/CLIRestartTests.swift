// SPDX-License-Identifier: Apache-2.0

import Testing

/// Commands that meet a daemon which is just being started, or none.
@Suite("A daemon that is being started, on the command line")
struct CLIRestartTests {
  @Test("is waited for")
  func waits() throws {
    let scene = try CLIDaemon()
    let path = "\(scene.folder)/late"
    let command = try scene.start(["ioas", "alloc", "--socket", path])
    let late = try Spawned(["\(try CLIDaemon.programs())/iommud", "--listen", "user:\(path)"], [:])
    #expect(command.readAll() == "ioas 1\n")
    #expect(command.wait() == 0)
    late.signal(15)
    _ = late.wait()
  }

  @Test("is not waited for without end")
  func ends() throws {
    let scene = try CLIDaemon()
    let began = ContinuousClock().now
    try scene.check(
      """
      $ iommuctl status --socket ./none
      iommuctl: there is no iommud at ./none (ENOENT)
      [3]
      """)
    let took = ContinuousClock().now - began
    #expect(took > .milliseconds(400) && took < .seconds(30))
  }

  @Test("contexts that are to survive it need a service manager")
  func persists() throws {
    try CLIDaemon().check(
      """
      $ iommuctl ioas alloc --context vm --persist
      iommuctl: EOPNOTSUPP: only a daemon that systemd has started, with room for descriptors, has contexts survive it (persist)
      [1]
      $ iommuctl ioas alloc --context '' --persist
      iommuctl: --persist goes with a context that has a name
      [64]
      """)
  }
}
