// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// Reads and writes of more than a message holds, by way of a file of the caller.
extension AccessService {
  func copy<Value>(
    _ way: FileCopy.Way, _ index: UInt32, of access: HeldAccess, _ session: Session,
    then answer: @escaping () -> Value
  ) throws(Failure) -> Outcome<Value> {
    let memory = SoftwareCopies(space: access.space.space)
    return try contexts.copy(
      way, index, with: memory, busy: [access], session,
      explain: { refusal in Failure(refusal, Origins(write: "iova")) }, then: answer)
  }
}

/// Memory as software sees it: all of a copy may be done, or it does not begin.
private struct SoftwareCopies: BulkMemory {
  let space: AddressSpace

  func check(_ way: FileCopy.Way, patient: Bool) throws(Refusal) {
    try space.checkCopy(way.iova, way.length, write: !way.isRead, patient: patient)
  }

  func read(_ iova: IOVA, into buffer: UnsafeMutableRawBufferPointer, patient: Bool) throws(Refusal) {
    try unsafe space.read(iova, into: buffer, patient: patient)
  }

  func write(_ iova: IOVA, from buffer: UnsafeRawBufferPointer, patient: Bool) throws(Refusal) {
    try unsafe space.write(iova, from: buffer, patient: patient)
  }
}
