// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuCore
import Testing

/// Random programs over two address spaces, two origins and up to six domains, with the naive model beside the
/// engine and everything compared after each step. A failing program is shrunk before it is reported.
@Suite struct ModelTests {
  /// One in eight programs runs with a fault injected now and then.
  private static func failure(of program: [Step], seed: UInt64) throws -> (step: Int, text: String)? {
    let world = try World(seed: seed)
    var random = SplitMix(seed: seed &* 77)
    for (position, step) in program.enumerated() {
      let inject = seed % 2 == 0 && Int.random(in: 0..<4, using: &random) == 0
      world.faults.arm(after: inject ? Int.random(in: 0..<12, using: &random) : nil)
      if let text = world.run(step) {
        _ = try world.close()
        return (position, text)
      }
    }
    return try world.close().map { (program.count, $0) }
  }

  private static func shrunk(_ program: [Step], seed: UInt64) throws -> [Step] {
    var program = program
    var size = program.count / 2
    while size > 0 {
      var start = 0
      while start < program.count {
        var candidate = program
        candidate.removeSubrange(start..<min(start + size, program.count))
        if try failure(of: candidate, seed: seed) != nil { program = candidate } else { start += size }
      }
      size /= 2
    }
    return program
  }

  private static func number(_ name: String) -> UInt64? {
    unsafe getenv(name).flatMap { unsafe UInt64(String(cString: $0)) }
  }

  /// How long the random programs run: `IOMMUD_MODEL_STEPS` steps, else `IOMMUD_MODEL_SECONDS` seconds, else 10.
  private static func isOver(_ steps: UInt64, since start: ContinuousClock.Instant) -> Bool {
    if let wanted = number("IOMMUD_MODEL_STEPS") { return steps >= wanted }
    return ContinuousClock.now - start >= .seconds(number("IOMMUD_MODEL_SECONDS") ?? 10)
  }

  /// The seed of the program that runs, for whoever reads why the process stopped at an invariant.
  private nonisolated(unsafe) static let current = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)

  /// Writes the seed when an invariant stops the process.
  private static func nameTheSeedOnATrap() {
    unsafe current.initialize(to: 0)
    for number in [SIGILL, SIGTRAP] {
      _ = signal(number) { number in
        var text = Array(
          "model: stopped at an invariant with IOMMUD_MODEL_SEED=\(unsafe ModelTests.current.pointee)\n".utf8)
        _ = unsafe write(2, &text, text.count)
        _ = signal(number, SIG_DFL)
      }
    }
  }

  @Test func randomProgramsAgreeWithTheModel() throws {
    Self.nameTheSeedOnATrap()
    let start = ContinuousClock.now
    var seed = Self.number("IOMMUD_MODEL_SEED") ?? 1
    var steps: UInt64 = 0
    while !Self.isOver(steps, since: start) {
      var random = SplitMix(seed: seed)
      let program = (0..<120).map { _ in Step.random(using: &random) }
      steps += UInt64(program.count)
      unsafe Self.current.pointee = seed
      if let failure = try Self.failure(of: program, seed: seed) {
        let small = try Self.shrunk(program, seed: seed)
        let last = try Self.failure(of: small, seed: seed)
        Issue.record(
          "seed \(seed), step \(failure.step): \(failure.text). Shrunk to \(small.count) steps: \(last?.text ?? "") \(small)"
        )
        return
      }
      seed += 1
    }
    print("model: \(steps) steps, seeds up to \(seed - 1), none differed")
    #expect(steps > 0)
  }
}
