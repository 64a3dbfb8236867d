// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuWire

/// Takes one input as what several clients do, one after the other: calls that may be granted, calls with a byte
/// changed, any text, descriptors of all sorts, and leaving. Afterwards the engine's invariants hold, an honest client is
/// served, nothing is left when all are gone, and no descriptor stays open. Between, the daemon may be started anew.
@_cdecl("iommu_fuzz_session")
public func fuzzSession(_ input: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  var bytes = SessionBytes(unsafe Array(UnsafeBufferPointer(start: input, count: min(count, 4096))))
  _ = SessionFiles.shared
  SessionFiles.shared.restore()
  _ = warmUp
  let before = openDescriptors()
  do {
    let stage = try SessionStage()
    var steps = 0
    while !bytes.isEmpty, steps < 300 {
      try step(stage, &bytes)
      steps += 1
    }
    stage.check()
  } catch {
    preconditionFailure("no daemon: \(error)")
  }
  // Of what was open before, something may have been on its way out.
  var more = openDescriptors().filter { !before.contains($0) }
  // A thread that has nothing to do any more takes its time to go.
  for _ in 0..<1000 where !more.isEmpty {
    usleep(1000)
    more = openDescriptors().filter { !before.contains($0) }
  }
  precondition(more.isEmpty, "\(more) stay open")
  return 0
}

private func step(_ stage: SessionStage, _ bytes: inout SessionBytes) throws {
  let kind = bytes.pick(16)
  if kind == 7, bytes.next() & 7 == 0 { return try stage.restart() }
  guard kind > 0, !stage.clients.isEmpty else {
    let uid: UInt32 = bytes.flag() ? 1000 : 1001
    let client = stage.connect(uid: uid, bytes.pick([.user, .user, .user, .observer, .admin]))
    if let client { stage.begin(client, bytes.pick(4)) }
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

/// Has the process make what it makes once: rings, the thread that closes.
private let warmUp: Void = {
  guard let stage = try? SessionStage() else { return }
  if let client = stage.connect(uid: 1000, .user) { stage.begin(client, 3) }
  stage.check()
}()

/// What every open descriptor is, but for the one that looks.
private func openDescriptors() -> [String] {
  guard let folder = unsafe opendir("/proc/self/fd") else { return [] }
  defer { unsafe closedir(folder) }
  let own = unsafe dirfd(folder)
  var found: [String] = []
  while let entry = unsafe readdir(folder) {
    let number = unsafe withUnsafeBytes(of: entry.pointee.d_name) { room in
      unsafe String(decoding: room.prefix { $0 != 0 }, as: UTF8.self)
    }
    guard let descriptor = Int32(number), descriptor != own else { continue }
    var room = [UInt8](repeating: 0, count: 100)
    let count = unsafe readlink("/proc/self/fd/\(number)", &room, room.count)
    let target = String(decoding: room.prefix(max(count, 0)), as: UTF8.self)
    // One more is made when several threads pin, and kept for the next time.
    if target == "anon_inode:[io_uring]" { continue }
    found.append("\(number) is \(target)")
  }
  return found
}
