// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// One fact about a persistent context. It is absolute: it replaces what was said before about the same thing, and what
/// was said about other things does not matter. So a log can be written anew while changes go on.
package enum Change: Equatable, Sendable {
  case context(SavedOptions)
  case ioas(SavedIOAS)
  case device(SavedDevice)
  case table(SavedTable)
  case access(SavedAccess)
  case memory(SavedMemory)
  case pages(SavedPages)
  case area(SavedArea)
  /// An object of any kind is no more; an IOAS takes its areas along.
  case gone(ObjectID)
  /// All areas of an IOAS that lie inside the range are no more.
  case unmapped(ObjectID, IOVARange)
  /// A pages object that is not pinned again until somebody asks for it, or is again.
  case quarantined(ObjectID, Bool)
  case answer(SavedAnswer)
}

/// What is decided about a context as a whole.
package struct SavedOptions: Equatable, Sendable {
  package var frames = FrameLayout.bus
  package var rlimitMode = RlimitMode.user
  /// The id that the next object is offered.
  package var upcoming = ObjectID.first

  package init() {}
}

package struct SavedIOAS: Equatable, Sendable {
  package var id: ObjectID
  package var isAdvisory = false
  package var hugePages = true
  /// Where IOVAs are chosen, at most 1024.
  package var allowed: [IOVARange] = []
  /// Out of use, at most 1024; the same range may be there more than once.
  package var reserved: [IOVARange] = []

  package init(id: ObjectID) { self.id = id }
}

package struct SavedDevice: Equatable, Sendable {
  package var id: ObjectID
  package var profile: DeviceProfile
  /// The HWPT that it is attached to.
  package var table: ObjectID?

  package init(id: ObjectID, profile: DeviceProfile, table: ObjectID?) {
    self.id = id
    self.profile = profile
    self.table = table
  }
}

/// An HWPT.
package struct SavedTable: Equatable, Sendable {
  package var id: ObjectID
  package var ioas: ObjectID
  package var shape: TableShape
  package var isAutomatic = false
  package var canTrack = false
  package var isTracking = false

  package init(id: ObjectID, ioas: ObjectID, shape: TableShape) {
    self.id = id
    self.ioas = ioas
    self.shape = shape
  }
}

package struct SavedAccess: Equatable, Sendable {
  package var id: ObjectID
  package var ioas: ObjectID
  package var pins: Bool

  package init(id: ObjectID, ioas: ObjectID, pins: Bool) {
    self.id = id
    self.ioas = ioas
    self.pins = pins
  }
}

package struct SavedMemory: Equatable, Sendable {
  /// A descriptor of it in the store.
  package struct Descriptor: Equatable, Sendable {
    package var store: StoreNumber
    /// Whether it was made here; else a client brought it.
    package var isOwn: Bool
    package var advisesHuge: Bool
    /// Bytes of the memory when it came.
    package var size: UInt64
    /// The lowest bus frame of its pages, and bytes that have frames from there on; nil for the machine's own.
    package var frameBase: PFN?
    package var frameBytes: UInt64 = 0

    package init(store: StoreNumber, isOwn: Bool, advisesHuge: Bool, size: UInt64) {
      self.store = store
      self.isOwn = isOwn
      self.advisesHuge = advisesHuge
      self.size = size
    }
  }

  /// Somebody who may have a descriptor of it.
  package struct Supplier: Equatable, Sendable {
    package var uid: UInt32
    package var write: Bool

    package init(uid: UInt32, write: Bool) {
      self.uid = uid
      self.write = write
    }
  }

  package var id: ObjectID
  package var kind: Source.Kind
  /// In the order in which they came.
  package var descriptors: [Descriptor] = []
  package var suppliers: [Supplier] = []
  /// Nil unless it was mapped with `share: "whole"`; then whether by somebody who may write.
  package var shared: Bool?
  /// Who paid for all pins of it when it was made, and how many bytes.
  package var prepaid: SavedPayer?
  package var prepaidBytes: UInt64 = 0

  package init(id: ObjectID, kind: Source.Kind) {
    self.id = id
    self.kind = kind
  }
}

/// Who pays for pins.
package enum SavedPayer: Equatable, Sendable {
  case user(UInt32)
  case process(UInt32, pid: Int32)
}

package struct SavedPages: Equatable, Sendable {
  package var id: ObjectID
  package var memory: ObjectID
  /// Bytes, in the memory.
  package var offset: UInt64
  package var length: UInt64
  package var writable: Bool
  /// It is not pinned.
  package var isAdvisory: Bool
  /// Nil where pins cost nothing.
  package var payer: SavedPayer?

  package init(
    id: ObjectID, memory: ObjectID, offset: UInt64, length: UInt64, writable: Bool, isAdvisory: Bool,
    payer: SavedPayer?
  ) {
    self.id = id
    self.memory = memory
    self.offset = offset
    self.length = length
    self.writable = writable
    self.isAdvisory = isAdvisory
    self.payer = payer
  }
}

package struct SavedArea: Equatable, Sendable {
  package var ioas: ObjectID
  package var range: IOVARange
  package var pages: ObjectID
  /// Byte of the pages object at the first IOVA.
  package var byteOffset: UInt64
  package var protection: Protection

  package init(
    ioas: ObjectID, range: IOVARange, pages: ObjectID, byteOffset: UInt64, protection: Protection
  ) {
    self.ioas = ioas
    self.range = range
    self.pages = pages
    self.byteOffset = byteOffset
    self.protection = protection
  }
}

/// The result of a request with a key.
package struct SavedAnswer: Equatable, Sendable {
  /// Who sent it, and the sender's own word for the request.
  package var token: String
  package var key: String
  /// Of the request.
  package var digest: UInt64
  /// JSON.
  package var result: [UInt8]
  /// Memory whose descriptors went with it.
  package var memories: [ObjectID]

  package init(token: String, key: String, digest: UInt64, result: [UInt8], memories: [ObjectID]) {
    self.token = token
    self.key = key
    self.digest = digest
    self.result = result
    self.memories = memories
  }
}
