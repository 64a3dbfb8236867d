// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuDaemon
import IommuWire

/// Which frames the tests' contexts begin with. With IOMMUD_TEST_FRAMES=fragmented everything that moves frames moves
/// them one by one, so all tests of the daemon are worth a second run.
enum TestFrames {
  static let layout: FrameLayout = {
    guard let text = unsafe getenv("IOMMUD_TEST_FRAMES") else { return .bus }
    let layout = unsafe FrameLayout(rawValue: String(cString: text))
    guard let layout, layout != .physical else {
      preconditionFailure("IOMMUD_TEST_FRAMES is bus or fragmented")
    }
    return layout
  }()

  /// Runs that a device sees of `pages` pages of one memory that lie one behind the other.
  static func runs(_ pages: Int) -> Int { layout == .fragmented ? pages : 1 }

  static func apply(to services: Services) { services.contexts.options.frames = layout }
}
