// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuWire

/// Takes one input as what several clients do, one after the other: calls that may be granted, calls with a byte
/// changed, any text, descriptors of all sorts, and leaving. Afterwards the engine's invariants hold, an honest client is
/// served, nothing is left when all are gone, and no descriptor stays open.
@_cdecl("iommu_fuzz_session")
public func fuzzSession(_ input: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  var bytes = SessionBytes(unsafe Array(UnsafeBufferPointer(start: input, count: min(count, 4096))))
  _ = SessionFiles.shared
  SessionFiles.shared.restore()
  let lowest = lowestFree()
  do {
    let stage = try SessionStage()
    var steps = 0
    while !bytes.isEmpty, steps < 300 {
      step(stage, &bytes)
      steps += 1
    }
    stage.check()
  } catch {
    preconditionFailure("no daemon: \(error)")
  }
  precondition(lowestFree() == lowest, "a descriptor stays open")
  return 0
}

private func step(_ stage: SessionStage, _ bytes: inout SessionBytes) {
  let kind = bytes.pick(16)
  guard kind > 0, !stage.clients.isEmpty else {
    let uid: UInt32 = bytes.flag() ? 1000 : 1001
    let client = stage.connect(uid: uid, bytes.pick([.user, .user, .user, .observer, .admin]))
    if let client, bytes.flag() { stage.furnish(client) }
    return
  }
  let place = bytes.pick(stage.clients.count)
  let client = stage.clients[place]
  switch kind {
  case 1: stage.disconnect(place)
  case 2: client.finishSending()
  case 3: stage.turn(bytes.pick(8))
  case 4: stage.settle()
  case 5: sendText(client, &bytes)
  default: sendCall(client, stage, &bytes, isMutated: kind == 6)
  }
  // Most are answered before the next step, and some are not.
  if bytes.next() & 3 != 0 { stage.settle() }
}

private func sendText(_ client: SessionClient, _ bytes: inout SessionBytes) {
  let text = bytes.take(bytes.pick(64))
  let descriptors = bytes.next() & 7 == 0 ? [bytes.pick(SessionFiles.shared.numbers)] : []
  // As it is, but for what is no text at all.
  client.send(String(decoding: text, as: UTF8.self) + (bytes.flag() ? "\n" : ""), id: nil, descriptors)
}

private func sendCall(
  _ client: SessionClient, _ stage: SessionStage, _ bytes: inout SessionBytes, isMutated: Bool
) {
  let count = bytes.next() & 1 == 0 ? bytes.pick(4) : 0
  var descriptors = (0..<count).map { _ in bytes.pick(SessionFiles.shared.numbers) }
  let id = stage.nextID()
  var line = Array(SessionCalls.line(&bytes, id: id, descriptors: count).utf8)
  if isMutated {
    line[Int(bytes.next()) * line.count / 256] = bytes.next()
    if bytes.next() & 15 == 0 { descriptors = Array(descriptors.dropLast()) }
  }
  client.send(String(decoding: line, as: UTF8.self) + "\n", id: isMutated ? nil : id, descriptors)
}
