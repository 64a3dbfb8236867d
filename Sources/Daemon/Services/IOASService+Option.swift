// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

extension IOASService {
  package func option(_ call: IOASOption, _ session: Session) throws(Failure) -> Outcome<IOASOption.Result> {
    let space = try session.context.space(call.ioas)
    let engine = space.space
    guard let value = call.value else { return .done(.init(value: engine.usesHugePages ? 1 : 0)) }
    guard value <= 1 else {
      throw Failure(.einval, "huge_pages is 0 or 1, not \(value)", field: "value")
    }
    return try session.context.attempt(busy: [space]) { (waiting) throws(Refusal) in
      try engine.setHugePages(value == 1, waiting)
    } then: { (result) throws(Failure) in
      switch result {
      case .success:
        session.context.note(.ioas(space))
        return .init(value: value)
      case .failure(.domainsFilled):
        let words = "huge_pages cannot become 0 while devices translate areas of IOAS \(call.ioas)"
        throw Failure(.einval, words, field: "value")
      case .failure(let refusal): throw Failure(refusal, Origins(subject: "value"))
      }
    }
  }
}
