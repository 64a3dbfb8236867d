// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CLinux
import IommuClient

struct IOASMapCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "map", abstract: "Map memory into an address space, and print where.",
    discussion: "The memory is one of --file, --size, --fd and --memory.")

  @Argument(help: "Address space.") var ioas: UInt32
  @Option(
    help: ArgumentHelp(
      "Copy a file into memory, padded to whole pages; - is standard input.", valueName: "path"),
    completion: .file())
  var file: String?
  @Option(help: "Make fresh memory of this size.") var size: ByteSize?
  @Option(help: ArgumentHelp("A memfd that this command was started with.", valueName: "number"))
  var fd: Int32?
  @Option(help: ArgumentHelp("Memory that the context holds.", valueName: "id")) var memory: UInt32?
  @Option(help: ArgumentHelp("Where in --fd or --memory to begin. (default: 0)", valueName: "bytes"))
  var offset: ByteSize?
  @Option(help: ArgumentHelp("How much of --fd or --memory. (default: the rest)", valueName: "bytes"))
  var length: ByteSize?
  @Option(help: ArgumentHelp("Where to map. (default: the daemon chooses)", valueName: "address"))
  var iova: IOVA?
  @Flag(help: "Devices may not write.") var readOnly = false
  @Flag(help: "Devices may not read.") var writeOnly = false
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func validate() throws {
    let sources = [file != nil, size != nil, fd != nil, memory != nil]
    guard sources.count(where: { $0 }) == 1 else {
      throw ValidationError("Give one of --file, --size, --fd and --memory.")
    }
    if offset != nil || length != nil, fd == nil, memory == nil {
      throw ValidationError("--offset and --length go with --fd and --memory.")
    }
    if readOnly && writeOnly { throw ValidationError("--read-only and --write-only exclude each other.") }
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
    var mapped: Mapped
    var what: String
    if let file {
      let copy = try CopiedFile(file)
      mapped = try map(daemon, .fd(0), copy.padded, [copy.descriptor.rawValue])
      mapped.fileLength = copy.length
      what = "\(copy.length) bytes of \(file == "-" ? "standard input" : file)"
      if copy.padded > copy.length { what += " and \(copy.padded - copy.length) of padding" }
    } else if let fd {
      let length = try bytes("descriptor \(fd)") { () throws(Problem) in try Self.size(ofDescriptor: fd) }
      mapped = try map(daemon, .fd(0, offset: offset?.bytes ?? 0), length, [fd])
      what = "\(length) bytes of descriptor \(fd)"
    } else if let memory {
      let length = try bytes("memory \(memory)") { () throws(Problem) in
        try Self.size(ofMemory: memory, daemon)
      }
      mapped = try map(daemon, .memory(memory, offset: offset?.bytes ?? 0), length)
      what = "\(length) bytes"
    } else {
      mapped = try map(daemon, .new, size?.bytes ?? 0)
      what = "\(mapped.length) bytes of fresh memory"
    }
    let pages = counted((mapped.length + Page.offsetMask) >> Page.shift, "page")
    let sentence = "\(mapped.iova): \(what), \(pages), memory \(mapped.memory)"
    return Report(mapped, ids: ["\(mapped.iova)"], .sentence(sentence))
  }

  private func map(_ daemon: Daemon, _ source: Source, _ length: UInt64, _ descriptors: [Int32] = [])
    throws(Problem) -> Mapped
  {
    let range = IOASMap.Range(
      length: length, source: source, iova: iova, read: !writeOnly,
      write: readOnly ? false : writeOnly ? true : nil)
    let result = try daemon.call(IOASMap(ioas: ioas, range), descriptors: descriptors)
    guard let address = result.iova else {
      throw .failed("iommud answered against the protocol: ioas.map without iova")
    }
    var mapped = Mapped()
    mapped.iova = address
    mapped.length = length
    mapped.memory = result.memory ?? 0
    return mapped
  }

  /// The length that was asked for, or what is left of the whole from the offset on.
  private func bytes(_ name: String, of whole: () throws(Problem) -> UInt64) throws(Problem) -> UInt64 {
    if let length { return length.bytes }
    let (size, offset) = (try whole(), offset?.bytes ?? 0)
    guard offset < size else { throw .usage("\(name) holds \(size) bytes; offset \(offset) is past them") }
    return size - offset
  }

  private static func size(ofDescriptor number: Int32) throws(Problem) -> UInt64 {
    var facts = iommu_file_facts()
    let status = unsafe iommu_file_facts(number, &facts)
    guard status == 0 else { throw .usage("descriptor \(number): \(errorText(-status))") }
    return facts.size
  }

  private static func size(ofMemory id: UInt32, _ daemon: Daemon) throws(Problem) -> UInt64 {
    let items = try daemon.all { MemoryList(after: $0) }
    guard let item = items.first(where: { $0.memory == id }) else {
      throw .refused(Failure(.enoent, "there is no memory \(id)", field: "memory"))
    }
    return item.size
  }
}
