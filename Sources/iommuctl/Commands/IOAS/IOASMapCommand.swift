// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct IOASMapCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "map", abstract: "Map memory into an address space, and print where.",
    discussion: "The memory is one of \(SourceArguments.names) and --process.")

  @Argument(help: "Address space.") var ioas: UInt32
  @OptionGroup var source: SourceArguments
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func validate() throws {
    guard source.count == 1 else {
      throw ValidationError("Give one of \(SourceArguments.names) and --process.")
    }
  }

  /// Where it was mapped, and how much.
  struct Mapped: Members {
    var iova = IOVA(0)
    var length: UInt64 = 0
    var memory: UInt32 = 0
    var fileLength: UInt64?

    mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("iova", &iova, "where it was mapped")
      try visitor.member("length", &length, "bytes mapped")
      try visitor.member("memory", &memory, "the memory behind it")
      try visitor.option("file_length", &fileLength, "bytes of the file, before it was padded")
    }
  }

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let found = try source.find(daemon)
    let result = try daemon.call(IOASMap(ioas: ioas, found.range), descriptors: found.descriptors)
    guard let address = result.iova else {
      throw .failed("iommud answered against the protocol: ioas.map without iova")
    }
    var mapped = Mapped()
    mapped.iova = address
    mapped.length = found.range.length
    mapped.memory = result.memory ?? 0
    mapped.fileLength = found.fileLength
    let pages = counted((mapped.length + Page.offsetMask) >> Page.shift, "page")
    let sentence = "\(mapped.iova): \(found.what), \(pages), memory \(mapped.memory)"
    return Report(mapped, ids: ["\(mapped.iova)"], .sentence(sentence))
  }
}
