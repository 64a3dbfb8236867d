// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// Which IOVAs of an address space may be used.
extension IOASService {
  package func ranges(
    _ call: IOASIOVARanges, _ session: Session
  ) throws(Failure) -> Outcome<IOASIOVARanges.Result> {
    let usable = try session.context.space(call.ioas).space.usable()
    return .done(.init(ranges: usable.ranges.map { AddressRange($0) }, alignment: usable.alignment))
  }

  package func allow(
    _ call: IOASAllowIOVAs, _ session: Session
  ) throws(Failure) -> Outcome<IOASAllowIOVAs.Result> {
    let space = try session.context.space(call.ioas)
    var ranges: [IOVARange] = []
    for (position, range) in call.ranges.enumerated() {
      guard range.first < range.last else {
        let words = "\(range.first) does not lie before \(range.last)"
        throw Failure(.einval, words, field: "ranges[\(position)]")
      }
      ranges.append(IOVARange(range.first, through: range.last))
    }
    let (engine, wanted) = (space.space, ranges)
    return try session.context.attempt(busy: [space]) { (waiting) throws(Refusal) in
      try engine.allow(wanted, waiting)
    } then: { (result) throws(Failure) in
      guard case .failure(let refusal) = result else {
        session.context.note(.ioas(space))
        return .init()
      }
      if case .addressInUse(let range) = refusal, let position = wanted.firstIndex(of: range) {
        let words = "\(range) is reserved, or beyond what the attached devices can address"
        throw Failure(.eaddrinuse, words, field: "ranges[\(position)]")
      }
      throw Failure(refusal, Origins(subject: "ranges"))
    }
  }

  package func reserve(
    _ call: IOASReserve, _ session: Session
  ) throws(Failure) -> Outcome<IOASReserve.Result> {
    let space = try session.context.space(call.ioas)
    guard !call.ranges.isEmpty else { throw Failure(.einval, "there is nothing to reserve", field: "ranges") }
    var ranges: [IOVARange] = []
    for (position, range) in call.ranges.enumerated() {
      guard let range = range.range else {
        let words = "\(range.first) lies behind \(range.last)"
        throw Failure(.einval, words, field: Self.prefix(call, position) + "last")
      }
      ranges.append(range)
    }
    let (engine, wanted, isRelease) = (space.space, ranges, call.release)
    return try session.context.attempt(busy: [space]) { (waiting) throws(Refusal) in
      if isRelease { try engine.unreserve(wanted, waiting) } else { try engine.reserve(wanted, waiting) }
    } then: { (result) throws(Failure) in
      guard case .failure(let refusal) = result else {
        session.context.note(.ioas(space))
        return .init()
      }
      // Of those that say the same, the last is the one too many.
      let position = wanted.lastIndex { range in
        switch refusal {
        case .notReserved(let other): range == other
        case .addressInUse(let other): range.overlaps(other)
        default: false
        }
      }
      guard let position else { throw Failure(refusal) }
      let prefix = Self.prefix(call, position)
      if case .addressInUse(let other) = refusal {
        let words = "\(wanted[position]) meets \(other), where an area stands or IOVAs are allowed"
        throw Failure(.eaddrinuse, words, field: prefix + "first")
      }
      throw Failure(refusal, Origins(range: prefix))
    }
  }

  private static func prefix(_ call: IOASReserve, _ position: Int) -> String {
    call.single ? "" : "ranges[\(position)]."
  }
}
