// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Scripts over a real memfd, real pins and the machine's own frames.
@Suite struct LabPhysicalTests {
  /// What the lab says where it may not pin or see frames; nil where it may.
  private static func complaint() -> String? {
    do {
      let tried = try LabProgram.run("ioas A\norigin M 1", ["--pfns", "physical"])
      return tried.status == 0 ? nil : tried.errors
    } catch {
      return "\(error)"
    }
  }

  @Test(.enabled(if: complaint() == nil, "needs root, and pins of io_uring"), arguments: [2, 8192])
  func tiersOverTheMachinesOwnFrames(batch: Int) throws {
    let result = try LabProgram.run(
      """
      ioas A
      ioas B
      origin M 3072
      domain A one vtd
      map A 0x40000000 M 0 3072            # map
      check
      domain A two
      check
      undomain A one
      pin A 0x40400000 1024                # middle
      copy A 0x40000000 1024 B 0x10000000
      undomain A two                       # last leaves
      check
      domain B three                       # copy
      check
      fail pin 1
      domain A four vtd
      check
      domain A five vtd                    # returns
      check
      read A 0x40000800 9000
      unpin A 0x40400000 1024
      unmap A 0x40000000 3072              # shown by the copy
      check
      unmap B 0x10000000 1024              # gone
      check
      """, ["--pfns", "physical", "--batch", "\(batch)"])
    #expect(result.status == 0 && result.errors == "")
    #expect(result.lines.filter { !$0.contains("\t") } == ["-:17: EFAULT: domain A four vtd"])
    let pinned = result.rows.mapValues { $0[10] }
    #expect(
      pinned == [
        "map": 3072, "middle": 3072, "last leaves": 1024, "copy": 2048, "returns": 3072,
        "shown by the copy": 1024, "gone": 0,
      ])
  }
}
