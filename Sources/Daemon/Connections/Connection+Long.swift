// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// Lines that would take the loop too long are read by a worker.
extension Connection {
  func readLong() {
    guard session.context.account.mayHaveWorker else { return readLongHere() }
    pending = .reading
    let cell = makeReading(inbox.longText)
    floor.workshop.run(cell, for: session.context.owner, "reading") { [unowned self] in
      resume { [unowned self] in longRead(cell) }
    }
  }

  /// The same for a line behind a parked request, which is kept for its turn.
  func readLongAhead() {
    isReadingAhead = true
    let text = inbox.longText
    let cell = makeReading(text)
    floor.workshop.run(cell, for: session.context.owner, "reading") { [unowned self] in
      resume { [unowned self] in
        isReadingAhead = false
        guard let line = cell.takeProduct() else { return }
        inbox.keepLong(text, line.meaning)
        goOn()
      }
    }
  }

  private func makeReading(_ text: [UInt8]) -> WorkCell<LongLine> {
    floor.traffic.jobs += 1
    return WorkCell(.ordinary) { [names = floor.names, readers = floor.readers] in
      LongLine(text, names, readers)
    }
  }

  /// Nobody else does it: the user's worker has not come back.
  private func readLongHere() {
    switch inbox.readLong() {
    case .none, .long: break
    case .request(let request, let descriptors): serve(request, descriptors)
    case .refused(let id, let failure): refuse(id, failure)
    case .fatal(let id, let failure): lose(id, failure)
    }
  }

  private func longRead(_ cell: WorkCell<LongLine>) {
    guard case .reading = pending, let line = cell.takeProduct() else { return }
    pending = nil
    guard phase != .closed else { return endIfIdle() }
    switch inbox.settleLong(line.meaning) {
    case .request(let id, let descriptors): serve(line, id, descriptors)
    case .refused(let id, let failure): refuse(id, failure)
    case .fatal(let id, let failure): lose(id, failure)
    }
    goOn()
  }

  private func serve(_ line: LongLine, _ id: RequestID, _ descriptors: DescriptorBatch?) {
    session.beginRequest(descriptors)
    current = ""
    guard let (position, parameters) = line.call else { return fail(id, .methodNotFound(line.method)) }
    do throws(Failure) {
      let route = try admit(position)
      take(try route.callRead(try parameters.get(), line.marks, id, session, &outbox), id)
    } catch {
      fail(id, error)
    }
  }
}
