// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CLinux
import IommuClient

/// The memory that a command maps, or asks the price of.
struct SourceArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Copy a file into memory, padded to whole pages; - is standard input.", valueName: "path"),
    completion: .file())
  var file: String?
  @Option(help: "Make fresh memory of this size.") var size: ByteSize?
  @Option(help: "What pages --size is made of: none, transparent, 2M or 1G. (default: none)")
  var hugepages: Source.HugePages?
  @Option(help: ArgumentHelp("A memfd that this command was started with.", valueName: "number"))
  var fd: Int32?
  @Option(help: ArgumentHelp("Memory that the context holds.", valueName: "id")) var memory: UInt32?
  @Option(
    help: ArgumentHelp(
      "Memory that the context holds, and where in it to begin.", valueName: "memory:id[+bytes]"))
  var source: MemoryPlace?
  @Option(
    help: ArgumentHelp(
      "Memory of a process, which this command has to be allowed to open.", valueName: "pid@address"))
  var process: ProcessPlace?
  @Option(help: ArgumentHelp("Where in --fd or --memory to begin. (default: 0)", valueName: "bytes"))
  var offset: ByteSize?
  @Option(
    help: ArgumentHelp(
      "How much of --fd, --memory, --source or --process. (default: the rest)", valueName: "bytes"))
  var length: ByteSize?
  @Option(help: ArgumentHelp("Where to map. (default: the daemon chooses)", valueName: "address"))
  var iova: IOVA?
  @Flag(help: "Devices may not write.") var readOnly = false
  @Flag(help: "Devices may not read.") var writeOnly = false

  /// Names of the sources that there are, for whoever gives none or two.
  static let names = "--file, --size, --fd, --memory, --source"
  /// Sources that were given.
  var count: Int {
    [file != nil, size != nil, fd != nil, memory != nil, source != nil, process != nil].count { $0 }
  }

  func validate() throws {
    if offset != nil, fd == nil, memory == nil {
      throw ValidationError("--offset goes with --fd and --memory.")
    }
    if length != nil, file != nil || size != nil {
      throw ValidationError("--length goes with --fd, --memory, --source and --process.")
    }
    if process != nil, length == nil { throw ValidationError("--process needs a --length.") }
    if hugepages != nil, size == nil { throw ValidationError("--hugepages goes with --size.") }
    if readOnly && writeOnly { throw ValidationError("--read-only and --write-only exclude each other.") }
  }

  /// What is to be mapped, with the descriptor that the request has to bring.
  struct Found: ~Copyable {
    var range: IOASMap.Range
    /// In a few words.
    var what: String
    var fileLength: UInt64?
    /// Of this command, or of a copy that is held below.
    var number: Int32?
    private let copy: OwnedDescriptor?

    fileprivate init(
      _ range: IOASMap.Range, _ what: String, number: Int32? = nil, copy: consuming OwnedDescriptor? = nil
    ) {
      self.range = range
      self.what = what
      self.number = number ?? copy?.rawValue
      self.copy = copy
    }

    var descriptors: [Int32] { number.map { [$0] } ?? [] }
  }

  func find(_ daemon: Daemon) throws(Problem) -> Found {
    if let file {
      let copy = try CopiedFile(file)
      let (length, padded) = (copy.length, copy.padded)
      var what = "\(length) bytes of \(file == "-" ? "standard input" : file)"
      if padded > length { what += " and \(padded - length) of padding" }
      var found = Found(range(.fd(0), padded), what, copy: copy.takeDescriptor())
      found.fileLength = length
      return found
    }
    if let fd {
      let start = offset?.bytes ?? 0
      let length = try bytes("descriptor \(fd)", from: start) { () throws(Problem) in
        try Self.size(ofDescriptor: fd)
      }
      let source = Source.fd(0, offset: start)
      return Found(range(source, length), "\(length) bytes of descriptor \(fd)", number: fd)
    }
    if let process {
      let memory = try process.open(forWriting: !readOnly)
      let length = length?.bytes ?? 0
      let source = Source.process(0, address: process.address)
      let what = "\(length) bytes of process \(process.pid) at \(process.address)"
      return Found(range(source, length), what, copy: memory)
    }
    if let place = source ?? memory.map({ MemoryPlace(memory: $0, offset: offset?.bytes ?? 0) }) {
      let length = try bytes("memory \(place.memory)", from: place.offset) { () throws(Problem) in
        try Self.size(ofMemory: place.memory, daemon)
      }
      return Found(range(.memory(place.memory, offset: place.offset), length), "\(length) bytes")
    }
    let length = size?.bytes ?? 0
    let pages = hugepages ?? .none
    let kind =
      pages == .none
      ? "" : pages == .transparent ? ", in huge pages if possible" : " in pages of \(pages.rawValue)"
    return Found(range(.new(pages), length), "\(length) bytes of fresh memory\(kind)")
  }

  private func range(_ source: Source, _ length: UInt64) -> IOASMap.Range {
    IOASMap.Range(
      length: length, source: source, iova: iova, read: !writeOnly,
      write: readOnly ? false : writeOnly ? true : nil)
  }

  /// The length that was asked for, or what is left of the whole from the offset on.
  private func bytes(
    _ name: String, from offset: UInt64, of whole: () throws(Problem) -> UInt64
  ) throws(Problem) -> UInt64 {
    if let length { return length.bytes }
    let size = try whole()
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
