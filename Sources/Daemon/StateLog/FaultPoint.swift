// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase

/// Places where a test has the daemon killed, to see that nothing is lost there. Debug builds only.
///
/// IOMMUD_FAULT=committed:17 in the environment kills at the 17th time that "committed" is reached, and
/// IOMMUD_FAULT=list has each place say its name on standard error, in a line of its own.
enum FaultPoint {
  #if DEBUG
    private enum Plan {
      case none, list
      case kill(at: String, left: Int)
    }

    private static let lock = Lock()
    nonisolated(unsafe) private static var plan: Plan = {
      guard let text = unsafe getenv("IOMMUD_FAULT").map({ unsafe String(cString: $0) }) else { return .none }
      if text == "list" { return .list }
      guard let colon = text.lastIndex(of: ":"), let count = Int(text[text.index(after: colon)...]) else {
        return .none
      }
      return .kill(at: String(text[..<colon]), left: count)
    }()
  #endif

  @inline(__always)
  static func reached(_ name: StaticString) {
    #if DEBUG
      lock.lock()
      defer { lock.unlock() }
      switch unsafe plan {
      case .none: return
      case .list: unsafe _ = "fault point \(name)\n".withCString { unsafe write(2, $0, strlen($0)) }
      case .kill(let at, let left):
        guard at == "\(name)" else { return }
        if left == 1 { kill(getpid(), SIGKILL) }
        unsafe plan = .kill(at: at, left: left - 1)
      }
    #endif
  }
}
