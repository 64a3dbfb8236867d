// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CLinux
import Glibc
import IommuClient

/// Measures a daemon of its own, beside redis-server where that is installed. Everything runs on one processor,
/// since waking another one costs more than what is measured here.
@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "iommu-bench",
    abstract: "Measures requests, start-up and memory of a private iommud, beside redis-server.",
    discussion: """
      One at a time, a latency is that of one request; with several on their way, that of the whole round. \
      Ratios are to a GET of 100 bytes in the same run: below 1 is better in latencies, above 1 in rates. That \
      GET is made by a bare client, which sends prepared bytes and decodes nothing; the others by the client \
      library, unless they say so.
      """)

  @Option(help: "The daemon; default: iommud beside this program.")
  var iommud: String?
  @Option(help: "The redis-server to compare with; nothing is compared where it does not start.")
  var redis = "redis-server"
  @Option(help: "Requests of each kind in a round, one at a time; ten times as many several deep.")
  var requests = 20_000
  @Option(help: "Rounds; the daemon and redis take turns.")
  var rounds = 3
  @Option(help: "Requests on their way at once.")
  var depth = 64
  @Option(help: "Areas to map for the figures of memory; 0 leaves them out.")
  var areas = 100_000
  @Option(help: "Processor that both sides are bound to.")
  var processor: UInt32 = 0

  func validate() throws {
    guard requests > 0, rounds > 0, depth > 0, areas >= 0 else {
      throw ValidationError("counts are above 0")
    }
    // What is on its way has to fit the sockets' buffers.
    guard depth <= 512 else { throw ValidationError("at most 512 requests can be on their way") }
  }

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    try check(iommu_bind_to_processor(0, processor), "cannot bind to processor \(processor)")
    let folder = try TemporaryFolder()
    var table = Table()
    let program = iommud ?? Self.neighbour("iommud")

    var starts: [UInt64] = []
    var idle: [UInt64] = []
    for number in 0..<max(rounds, 5) {
      let daemon = try Daemon(program, socket: folder.path + "/start\(number)")
      starts.append(daemon.nanosecondsToFirstAnswer)
      idle.append(try daemon.residentBytes())
    }

    let daemon = try Daemon(program, socket: folder.path + "/user.sock")
    let reference = try? Redis(redis, socket: folder.path + "/redis.sock")
    let setup = try Setup(daemon.client, depth: depth)
    let link = try RawLink(daemon.socket)
    let loads: [(name: String, load: any Load)] = [
      ("server.info", InfoLoad()),
      ("server.info, bare client", RawLoad(link, ["{" + Self.envelope + #""server.info"}"#])),
      ("ioas.map + ioas.unmap", MapLoad(ioas: setup.plain, memory: setup.memory)),
      ("the same, bare client", try setup.rawMaps(link)),
      ("the same, pinned and in a table", MapLoad(ioas: setup.attached, memory: setup.memory)),
    ]
    for (name, depth) in [("one at a time", 1), ("\(depth) deep", depth)] {
      let count = depth == 1 ? requests : requests * 10
      var compared: Samples?
      var measured = loads.map { _ in Samples(depth: depth) }
      for _ in 0..<rounds {
        if let reference {
          var samples = compared ?? Samples(depth: depth)
          try reference.get(count, &samples)
          compared = samples
        }
        for at in loads.indices { try loads[at].load.run(daemon.client, count, &measured[at]) }
      }
      if let compared { table.add(name, "redis GET", compared, beside: nil) }
      for at in loads.indices { table.add(name, loads[at].name, measured[at], beside: compared) }
    }
    if reference == nil { print("redis-server did not start: nothing to compare with") }
    table.print()

    print("start to first answer   \(Table.milliseconds(starts.sorted()[starts.count / 2]))")
    print("resident when idle      \(Table.mebibytes(idle.sorted()[idle.count / 2]))")
    if areas > 0 {
      let before = try daemon.residentBytes()
      let elapsed = try setup.mapMany(daemon.client, areas)
      let after = try daemon.residentBytes()
      print("\(areas) maps, pipelined  \(Table.milliseconds(elapsed))")
      print("resident for an area    \((max(before, after) - before) / UInt64(areas)) B")
    }
  }

  static let envelope = #""jsonrpc":"2.0","id":1,"method":"#

  /// The program `name` in the folder of this one.
  private static func neighbour(_ name: String) -> String {
    let own = unsafe realpath("/proc/self/exe", nil)
    defer { unsafe free(own) }
    guard let own = unsafe own else { return name }
    let path = unsafe String(cString: own)
    return path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex) + "/" + name
  }
}
