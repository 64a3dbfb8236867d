// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// Memory that could not be pinned again after a restart.
extension IOASService {
  package func repin(_ call: IOASRepin, _ session: Session) throws(Failure) -> Outcome<IOASRepin.Result> {
    let context = session.context
    let space = try context.space(call.ioas)
    let engine = space.space
    // Somebody says now that it is to be pinned whatever happened.
    for id in context.restored?.release() ?? [] { context.log?.note(.quarantined(id, false)) }
    context.log?.commit()
    let note = context.log?.repinning
    return try context.attempt(isLarge: true, busy: [space]) { (_) throws(Refusal) in
      engine.refill { account in note?((account as? Slice)?.id?.rawValue ?? 0) }
    } then: { (result) throws(Failure) in
      switch result {
      case .success(let (filled, refused)):
        var answer = IOASRepin.Result()
        answer.repinned = UInt64(filled)
        answer.degraded = UInt64(refused.count)
        answer.reason = refused.first.map { "\($0.area): \(Failure($0.why, Origins()).message)" }
        return answer
      case .failure(let refusal):
        throw Failure(refusal)
      }
    }
  }
}
