// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire

/// What the test methods do. Confined to the loop but for the gate.
final class TestService {
  private let gate: Gate
  private let parking = WaitList()
  private var calls: UInt64 = 0
  private var passes: UInt64 = 0

  init(_ gate: Gate) { self.gate = gate }

  var routes: [Route] {
    [
      Route(TestCount.self, role: .observer, cost: .constant, count),
      Route(TestUrgent.self, role: .observer, cost: .constant, ahead: { _, _ in true }, urgent),
      Route(TestText.self, role: .observer, cost: .constant, text),
      Route(TestGate.self, role: .user, cost: .bounded, waitAtGate),
      Route(TestPieces.self, role: .user, cost: .bounded, pieces),
      Route(TestPark.self, role: .user, cost: .bounded, park),
      Route(TestRelease.self, role: .admin, cost: .constant, release),
      Route(TestDescriptor.self, role: .user, cost: .constant, descriptor),
      Route(TestTake.self, role: .user, cost: .constant, take),
      Route(TestThread.self, role: .user, cost: .constant, thread),
    ]
  }

  private func count(_ call: TestCount, _ session: Session) throws(Failure) -> Outcome<Number> {
    defer { calls += 1 }
    return .done(Number(calls))
  }

  private func urgent(_ call: TestUrgent, _ session: Session) throws(Failure) -> Outcome<Number> {
    defer { calls += 1 }
    let number = Number(calls)
    return call.works ? .job(Job({ [gate] in gate.pass() }, then: { () in number })) : .done(number)
  }

  private func text(_ call: TestText, _ session: Session) throws(Failure) -> Outcome<Text> {
    .done(Text(String(repeating: "x", count: Int(call.bytes))))
  }

  private func waitAtGate(_ call: TestGate, _ session: Session) throws(Failure) -> Outcome<Nothing> {
    if call.blocks {
      gate.pass()
      return .done(Nothing())
    }
    let occupied = call.occupies ? session.context : nil
    occupied?.inFlight += 1
    return .job(
      Job({ [gate] in gate.pass() }) { () in
        occupied?.inFlight -= 1
        return Nothing()
      })
  }

  private func pieces(_ call: TestPieces, _ session: Session) throws(Failure) -> Outcome<Number> {
    func next(_ done: UInt64) -> Outcome<Number> {
      done == call.count
        ? .done(Number(done))
        : .job(Job({ done + 1 }, next: { (done) throws(Failure) in next(done) }))
    }
    return next(0)
  }

  private func park(_ call: TestPark, _ session: Session) throws(Failure) -> Outcome<Number> {
    var attempts: UInt64 = 0
    return .parked(
      Parked(
        on: parking, milliseconds: call.milliseconds,
        attempt: { () throws(Failure) in
          attempts += 1
          guard self.passes > 0 else { return nil }
          self.passes -= 1
          return .done(Number(attempts))
        }, expire: { Failure(.ebusy, "parked for too long") }))
  }

  private func release(_ call: TestRelease, _ session: Session) throws(Failure) -> Outcome<Nothing> {
    passes += call.count
    parking.release()
    return .done(Nothing())
  }

  private func descriptor(_ call: TestDescriptor, _ session: Session) throws(Failure) -> Outcome<Nothing> {
    let made = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    guard made >= 0 else { throw Failure(Errno.current, "no descriptor") }
    session.answer(with: OwnedDescriptor(owning: made))
    return .done(Nothing())
  }

  private func take(_ call: TestTake, _ session: Session) throws(Failure) -> Outcome<Number> {
    for index in call.indexes { _ = try session.takeDescriptor(index, field: "indexes") }
    return .done(Number(UInt64(call.indexes.count)))
  }

  private func thread(_ call: TestThread, _ session: Session) throws(Failure) -> Outcome<Number> {
    .done(Number(UInt64(iommu_thread_id())))
  }
}
