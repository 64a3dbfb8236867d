// SPDX-License-Identifier: Apache-2.0

import IommuDaemon
import IommuWire
import Testing

/// A request that may wait, driven by the test instead of a loop: jobs run at once, and time passes when the test
/// says so.
final class ParkedCall<Value> {
  private(set) var result: Result<Value, Failure>?
  private var parked: Parked<Value>?
  private var place: UInt64?
  /// A job that is held up until ``proceed()``.
  private var job: Job<Value>?
  private let house: House
  private let holdsJobs: Bool
  /// How often it was tried again.
  private(set) var attempts = 0

  /// - Parameter holdsJobs: jobs run when the test says so.
  init(_ house: House, holdsJobs: Bool = false, _ body: () throws(Failure) -> Outcome<Value>) {
    self.house = house
    self.holdsJobs = holdsJobs
    advance { () throws(Failure) in try body() }
    house.turn()
  }

  /// As a connection does when its client goes away.
  deinit { expire() }

  var isWaiting: Bool { parked != nil }
  var isWorking: Bool { job != nil }

  /// Milliseconds that are left.
  var milliseconds: UInt32? { parked?.milliseconds }

  /// Its time is up, or its client has gone.
  func expire() {
    guard let parked else { return }
    leave()
    result = .failure(parked.expire())
    house.turn()
  }

  /// Runs the job that is held up.
  func proceed() {
    runWork()
    finishWork()
  }

  /// The worker's half of it.
  func runWork() { job?.runWork() }

  /// The loop's half of it.
  func finishWork() {
    guard let job else { return }
    self.job = nil
    advance { () throws(Failure) in try job.finished() }
    house.turn()
  }

  private func advance(_ step: () throws(Failure) -> Outcome<Value>) {
    do throws(Failure) {
      switch try step() {
      case .done(let value): result = .success(value)
      case .job(let next):
        job = next
        if !holdsJobs { proceed() }
      case .parked(let waiting):
        parked = waiting
        waitOn()
      }
    } catch {
      result = .failure(error)
    }
  }

  private func waitOn() {
    place = parked?.list.add { [weak self] in
      self?.place = nil
      self?.house.post { self?.attempt() }
    }
  }

  private func attempt() {
    guard let parked else { return }
    attempts += 1
    do throws(Failure) {
      guard let outcome = try parked.attempt() else { return waitOn() }
      leave()
      advance { () throws(Failure) in outcome }
    } catch {
      leave()
      result = .failure(error)
    }
  }

  private func leave() {
    if let place { parked?.list.remove(place) }
    place = nil
    parked = nil
  }

  var failure: Failure? {
    if case .failure(let failure)? = result { failure } else { nil }
  }

  var value: Value? {
    if case .success(let value)? = result { value } else { nil }
  }
}
