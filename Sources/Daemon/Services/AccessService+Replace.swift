// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

extension AccessService {
  package func replace(
    _ call: AccessReplace, _ session: Session
  ) throws(Failure) -> Outcome<AccessReplace.Result> {
    let context = session.context
    let access = try context.access(call.access)
    let next = try context.space(call.ioas)
    guard !access.isMoving else {
      throw Failure(.ebusy, "another request turns access \(call.access) to an IOAS", field: "access")
    }
    let (engine, target) = (access.access, next.space)
    access.isMoving = true
    return try context.attempt(busy: [access, access.space, next]) { (waiting) throws(Refusal) in
      try engine.replace(with: target, waiting)
    } then: { (result) throws(Failure) in
      access.isMoving = false
      switch result {
      case .success:
        access.space.accesses -= 1
        access.space = next
        next.accesses += 1
        context.note(.access(access))
        return .init()
      case .failure(.addressInUse(let area)):
        let words = "\(area) in IOAS \(call.ioas) is not aligned to pages, and access \(call.access) pins"
        throw Failure(.eaddrinuse, words, field: "ioas")
      case .failure(let refusal):
        throw Failure(refusal, Origins(subject: "access"))
      }
    }
  }
}
