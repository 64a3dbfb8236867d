// SPDX-License-Identifier: Apache-2.0

import IommuClient

/// Looks out for what becomes of a pin, and says on standard error when somebody wants what it holds.
final class PinWatch {
  private let client: Client
  private let access: UInt32
  private let pin: UInt32
  /// Why the pin is gone, once it is.
  private(set) var end: Problem?

  init(_ client: Client, _ access: UInt32, _ pin: UInt32) {
    self.client = client
    self.access = access
    self.pin = pin
  }

  /// To be polled; -1 once the pin is gone.
  var descriptor: Int32 { end == nil ? client.descriptor : -1 }

  /// Looks at what has come.
  func look() {
    do throws(ClientError) {
      while end == nil, let event = try client.nextEvent(within: 0) { note(event) }
    } catch {
      end = error.isUnreachable ? .unreachable("\(error), and the pin is gone") : Problem(error)
    }
  }

  private func note(_ event: Event) {
    switch event.body {
    case .unmapRequested(let body) where body.access == access && body.pins.contains(pin):
      let range = AddressRange(body.first, through: body.last)
      printError(
        "iommuctl: an unmap waits for pin \(pin) of access \(access), at \(range.first)-\(range.last)")
    case .pinRevoked(let body) where body.access == access && body.pins.contains(pin):
      end = .failed("pin \(pin) of access \(access) was taken away")
    case .contextDestroyed:
      end = .failed("the context was destroyed, and pin \(pin) of access \(access) with it")
    default:
      break
    }
  }
}
