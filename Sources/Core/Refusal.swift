// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Why the engine refused. Nothing has changed when one is thrown.
///
/// Only what happened and to which values: sentences and parameter names are made at the edge.
package enum Refusal: Error, Hashable, Sendable {
  /// The try-only form of a call met a lock that somebody holds.
  case contended
  /// The memory may never answer, and the caller is not patient.
  case mayBlock

  /// A length of 0.
  case emptyRange
  /// A length of 2^63 bytes or more, or `start + length` past the top of 64 bits.
  case overflow(start: UInt64, length: UInt64)
  /// `value` is no multiple of `alignment`.
  case misaligned(Quantity, value: UInt64, alignment: UInt64)
  /// A mapping with neither read nor write.
  case noRights
  /// A write was asked for on memory that may only be read.
  case readOnly
  /// Bytes `offset`..<`offset + length` do not lie inside an origin of `size` bytes.
  case pastEnd(offset: UInt64, length: UInt64, size: UInt64)

  /// An area lies in the way of a fixed IOVA.
  case occupied(IOVARange)
  /// The range is reserved or beyond what the attached domains address.
  case unusable(IOVARange)
  /// No hole holds `length` bytes.
  case noRoom(length: UInt64)

  /// No area lies wholly inside the range.
  case noArea(IOVARange)
  /// An edge of the range cuts the area.
  case cutsArea(range: IOVARange, area: IOVARange)
  /// Nothing is mapped at the IOVA, or its area is still being set up or already torn down.
  case notMapped(IOVA)
  /// The area's own protection forbids it.
  case protected(IOVARange, write: Bool)
  /// The area is being set up or torn down.
  case areaInTransition(IOVARange)
  /// Accesses hold pins inside the area.
  case pinned(IOVARange)
  /// An unmap waits for the area, which takes nobody new meanwhile.
  case marked(IOVARange)
  /// The access holds this many pins.
  case pinsHeld(Int)
  /// This access holds no such pin.
  case noSuchPin(UInt32)

  /// `pages` more would pass the limit.
  case pinLimit(pages: UInt64, used: UInt64, limit: UInt64)
  /// One more area would pass the limit.
  case areaLimit(used: UInt64, limit: UInt64)
  /// The origin could not pin or copy; `index` is the first page at fault.
  case origin(Errno, index: PageIndex)
  /// The pages were being pinned when a daemon was killed, and are not pinned until somebody asks for that.
  case quarantined
  /// The domain has no memory for its table.
  case tableMemory
  /// A translation failed at `iova` after `done` bytes were copied.
  case fault(iova: IOVA, done: UInt64)
  /// Huge pages cannot be switched while domains translate areas.
  case domainsFilled
  /// Two ranges of one list share addresses.
  case overlapping(IOVARange, IOVARange)
  /// No reservation that belongs to nobody has exactly this range.
  case notReserved(IOVARange)
  /// More ranges than an address space may have.
  case rangeLimit(Int, limit: Int)
  /// Attaching would take away what is in use, or break an alignment that is.
  case addressInUse(IOVARange)

  /// No object of this kind has the id.
  case noSuchObject(UInt32)
  /// Something still stands on the object.
  case objectBusy(UInt32)
  /// The format, or one of its parameters, is not offered.
  case unsupported(Quantity, value: UInt64)

  /// The device cannot stand on this table: its format, page sizes or aperture are others, or it does not track
  /// what it writes.
  case unlike(Difference)
  /// Dirty tracking is off.
  case notTracking
  /// The table was made without dirty tracking.
  case cannotTrack

  /// In what a device and a table differ.
  package enum Difference: Hashable, Sendable {
    case shape, dirtyTracking
  }

  /// What a value was, so that the edge can name the parameter.
  package enum Quantity: Hashable, Sendable {
    case iova, length, offset, innerBorder, pageSizes, aperture, bitmapPage
  }

  /// The error number that a client sees; `mayBlock` never reaches one.
  package var errno: Errno {
    switch self {
    case .contended, .mayBlock: .eagain
    case .emptyRange, .misaligned, .noRights, .pastEnd, .unusable, .domainsFilled, .overlapping: .einval
    case .overflow: .eoverflow
    case .readOnly, .protected: .eperm
    case .occupied: .eexist
    case .noRoom: .enospc
    case .noArea, .cutsArea, .notMapped, .noSuchPin, .noSuchObject, .notReserved: .enoent
    case .areaInTransition, .pinned, .marked, .pinsHeld, .objectBusy: .ebusy
    case .pinLimit, .tableMemory: .enomem
    case .areaLimit, .rangeLimit: .edquot
    case .origin(let errno, _): errno
    case .fault, .quarantined: .efault
    case .addressInUse: .eaddrinuse
    case .unsupported, .unlike, .notTracking: .einval
    case .cannotTrack: .eopnotsupp
    }
  }
}
