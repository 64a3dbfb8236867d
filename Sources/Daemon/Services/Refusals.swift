// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// Where in a request the engine's values came from.
package struct Origins {
  /// In front of the names of one range: `ranges[2].`, or nothing.
  package var range = ""
  /// The parameter that said where the memory begins.
  package var offset = "source.offset"
  /// The parameter that named what was to be attached or made.
  package var subject = "ioas"
  /// The parameter that named a pin.
  package var pin = "pin"
  /// The parameter that said how many bytes.
  package var length = "length"
  /// The parameter that asked for the right to write.
  package var write = "write"
  /// The parameter that led to the memory.
  package var source = "iova"
  /// Who pays for tables.
  package var account: Account?
  /// The address at which something had to be mapped, without what is in front.
  package var mapped = "iova"

  package init(
    range: String = "", subject: String = "ioas", pin: String = "pin", offset: String = "source.offset",
    length: String = "length", write: String = "write", mapped: String = "iova",
    source: String = "iova", account: Account? = nil
  ) {
    self.range = range
    self.subject = subject
    self.pin = pin
    self.offset = offset
    self.length = length
    self.write = write
    self.mapped = mapped
    self.source = source
    self.account = account
  }

  /// Of a call that writes the bytes it brings.
  package static var writing: Origins { Origins(length: "data", write: "iova") }
}

extension IOVARange {
  /// The addresses that a request names by the first of them and their number, which is at most `limit`.
  ///
  /// - Throws: EINVAL for a length of 0, else EOVERFLOW.
  static func named(
    _ first: IOVA, _ length: UInt64, atMost limit: UInt64 = .max, _ origins: Origins = Origins()
  ) throws(Failure) -> IOVARange {
    if length <= limit, let range = IOVARange(first: first, length: length) { return range }
    throw Failure(length == 0 ? .emptyRange : .overflow(start: first.rawValue, length: length), origins)
  }

  /// Bytes of the longest mapping, and so of a copy of one and of a pin.
  static var longestMapping: UInt64 { 1 << 63 - 1 }
}

/// Why the engine refused, in words. The only place where that is said.
extension Failure {
  package init(_ refusal: Refusal, _ origins: Origins = Origins()) {
    let (message, field) = refusal.rendered(origins)
    self.init(refusal.errno, message, field: field)
    if case .fault(_, let done) = refusal { self.done = done }
  }

  /// ENOSPC: the service manager keeps no more.
  package init(_ full: StoreFull, field: String?) {
    let whose =
      switch full.scope {
      case .user(let uid): "of uid \(uid)"
      case .all: "of all users"
      }
    let words = "\(full.use) descriptors \(whose) are kept for a restart, and \(full.limit) may be"
    self.init(.enospc, words, field: field)
  }

  /// ENOMEM for pins, EDQUOT for all else.
  package init(_ exceeded: QuotaExceeded, field: String?) {
    let quota = exceeded.quota
    let message =
      "\(quota.name): \(exceeded.use) in use and \(exceeded.wanted) wanted, but the limit is \(exceeded.limit)"
    self.init(quota == .pinnedBytes || quota == .engineBytes ? .enomem : .edquot, message, field: field)
  }
}

extension Refusal {
  fileprivate func rendered(_ origins: Origins) -> (message: String, field: String?) {
    let iova = origins.range + "iova"
    let length = origins.range + origins.length
    switch self {
    case .contended, .mayBlock:
      return (
        "this needs a worker, and one has not come back from an earlier call of the context's user", nil
      )
    case .emptyRange:
      return ("the length is 0", length)
    case .overflow(let start, let bytes) where bytes >= 1 << 63:
      return ("\(bytes) bytes from \(IOVA(start)) on are 2^63 or more", length)
    case .overflow(let start, let bytes):
      return ("\(bytes) bytes from \(IOVA(start)) on pass the top of 64 bits", length)
    case .misaligned(let quantity, let value, let alignment):
      return misaligned(quantity, value, alignment, origins)
    case .noRights:
      return ("a mapping needs read, write or both", origins.range + "read")
    case .readOnly:
      return ("the source may only be read", origins.range + "write")
    case .pastEnd(let offset, let bytes, let size):
      return ("\(bytes) bytes at offset \(offset) pass the end of the memory, which holds \(size)", length)
    case .occupied(let range):
      return ("an area lies at \(range)", iova)
    case .unusable(let range):
      return ("\(range) is reserved, or beyond what the attached devices can address", iova)
    case .noRoom(let bytes):
      return ("no hole holds \(bytes) bytes", length)
    case .noArea(let range):
      return ("no area lies wholly inside \(range)", iova)
    case .cutsArea(let range, let area):
      return ("\(range) cuts the area at \(area)", iova)
    case .notMapped(let address):
      return ("nothing is mapped at \(address)", origins.range + origins.mapped)
    case .protected(let range, let write):
      return ("the area at \(range) may not be \(write ? "written" : "read")", write ? origins.write : iova)
    case .areaInTransition(let range):
      return ("the area at \(range) is being mapped or unmapped", iova)
    case .pinned(let range):
      return ("accesses hold pins in the area at \(range)", iova)
    case .marked(let range):
      return ("the area at \(range) is about to be unmapped", iova)
    case .pinsHeld(let count):
      return ("the access holds \(count) pins", origins.subject)
    case .noSuchPin(let id):
      return ("the access holds no pin \(id)", origins.pin)
    case .pinLimit(let pages, let used, let limit):
      let quota = Quota.pinnedBytes.name
      return (
        "\(quota): \(used << 12) in use and \(pages << 12) wanted, but the limit is \(limit << 12)", length
      )
    case .areaLimit(let used, let limit):
      let words = "\(Quota.areas.name): \(used) in use and one more wanted, but the limit is \(limit)"
      return (words, origins.subject)
    case .origin(let errno, let index):
      return (Self.sentence(errno, index), origins.range + origins.source)
    case .quarantined:
      let words = "the daemon was killed while it pinned this memory, and pins it again only when told to"
      return (words, origins.range + origins.source)
    case .tableMemory:
      return (tableSentence(origins.account), origins.subject)
    case .fault(let address, let done):
      return ("the device faults at \(address), after \(done) bytes", iova)
    case .domainsFilled:
      return ("devices translate areas of the IOAS", origins.subject)
    case .overlapping(let left, let right):
      return ("\(left) and \(right) share addresses", "ranges")
    case .notReserved(let range):
      return ("no reservation that belongs to no device is exactly \(range)", origins.range + "first")
    case .rangeLimit(let count, let limit):
      return ("\(count) ranges are more than the \(limit) that an IOAS may have", origins.subject)
    case .addressInUse(let range):
      return ("\(range) is in use and stands in the way", origins.subject)
    case .noSuchObject(let id):
      return ("there is no object \(id)", origins.subject)
    case .objectBusy(let id):
      return ("object \(id) is in use", origins.subject)
    case .unlike(.shape):
      return ("the HWPT has another format, page sizes or aperture than the device", origins.subject)
    case .unlike(.dirtyTracking):
      return ("the HWPT tells what devices wrote, and the device was bound without that", origins.subject)
    case .notTracking:
      return ("dirty tracking of the HWPT is off", origins.subject)
    case .cannotTrack:
      return ("the HWPT was made without dirty tracking", origins.subject)
    case .unsupported(let quantity, let value):
      return ("\(quantity.words) \(IOVA(value)) are not offered", quantity.field)
    }
  }

  private func misaligned(
    _ quantity: Quantity, _ value: UInt64, _ alignment: UInt64, _ origins: Origins
  ) -> (message: String, field: String?) {
    switch quantity {
    case .length: ("\(value) bytes are no multiple of \(alignment)", origins.range + "length")
    case .offset: ("the offset \(value) is no multiple of \(alignment)", origins.range + origins.offset)
    case .innerBorder:
      ("areas meet at \(IOVA(value)), which is not where a page of their memory ends", origins.range + "iova")
    default: ("\(IOVA(value)) is no multiple of \(alignment)", origins.range + "iova")
    }
  }

  /// What was taken of the quota was given back by now.
  private func tableSentence(_ account: Account?) -> String {
    guard let account else { return "there is no memory for the I/O page table" }
    let quota = Quota.engineBytes
    return "the I/O page table takes more than is left of \(quota.name): \(account.use(of: quota)) in use, "
      + "and the limit is \(account.limit(of: quota))"
  }

  private static func sentence(_ errno: Errno, _ index: PageIndex) -> String {
    switch errno {
    case .efault: "page \(index.rawValue) of the memory is not there; populate it first"
    case .enomem: "the kernel lets no more memory be pinned, at page \(index.rawValue) of the memory"
    case .eperm: "the kernel does not let page \(index.rawValue) of the memory be used so"
    default: "page \(index.rawValue) of the memory answers \(errno)"
    }
  }
}

extension Refusal.Quantity {
  fileprivate var words: String {
    switch self {
    case .pageSizes: "page sizes"
    case .aperture: "addresses up to"
    case .bitmapPage: "bits for pages of"
    case .iova, .innerBorder: "addresses"
    case .length: "bytes"
    case .offset: "offsets"
    }
  }

  fileprivate var field: String {
    switch self {
    case .pageSizes: "page_sizes"
    case .aperture: "aperture"
    case .bitmapPage: "page_size"
    case .iova, .innerBorder: "iova"
    case .length: "length"
    case .offset: "source.offset"
    }
  }
}
