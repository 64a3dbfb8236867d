// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// Pins keep areas from being unmapped.
extension HeldAccess: Holder {
  package func claims(in ranges: UnmapRanges) -> [Claim] {
    var claims: [SessionID: Claim] = [:]
    for (id, pin) in held where ranges.overlap(pin.range) {
      claims[pin.session, default: claim(of: pin)].add(id, pin.range, since: pin.since)
    }
    return claims.values.map { claim in
      var claim = claim
      claim.parts.sort()
      return claim
    }
  }

  /// An empty claim for what `pin` is.
  private func claim(of pin: HeldPin) -> Claim {
    Claim(self, pin.session, uid: pin.uid, pin.range, since: pin.since)
  }

  package func ending(of claim: Claim) -> @Sendable () -> Void {
    let (engine, pins) = (access, claim.parts)
    return { for pin in pins { _ = try? engine.unpin(pin) } }
  }

  package func ended(_ claim: Claim) {
    for pin in claim.parts { forget(pin) }
  }

  /// Pins that one event names.
  private static let named = 1000

  package func request(for claim: Claim, waiting milliseconds: UInt32) -> Event.Body {
    var body = UnmapRequested()
    body.ioas = space.id.rawValue
    body.access = id.rawValue
    body.pins = Array(claim.parts.prefix(Self.named))
    body.first = claim.first
    body.last = claim.last
    body.milliseconds = milliseconds
    return .unmapRequested(body)
  }

  package func revocation(of claim: Claim) -> Event.Body {
    var body = PinRevoked()
    body.ioas = space.id.rawValue
    body.access = id.rawValue
    body.pins = Array(claim.parts.prefix(Self.named))
    return .pinRevoked(body)
  }

  package func describe(_ claim: Claim, into info: inout HolderInfo) {
    info.access = id.rawValue
    info.pins = UInt64(claim.parts.count)
  }
}
