// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// Why a command ends without having done its work.
package enum Problem: Error, Equatable {
  /// The daemon refused.
  case refused(Failure)
  /// There is no daemon to talk to, or it went away.
  case unreachable(String)
  /// What was asked makes no sense; nothing was sent.
  case usage(String)
  /// Something on this side failed: a file, the output.
  case failed(String)
  /// A command that was run ended with this status, and has said why itself.
  case ended(Int32)

  package var exitStatus: Int32 {
    switch self {
    case .refused, .failed: 1
    case .unreachable: 3
    case .usage: 64
    case .ended(let status): status
    }
  }

  /// For standard error; nil when there is nothing to add.
  package var message: String? {
    switch self {
    case .refused(let failure):
      var text = failure.description
      if let done = failure.done, done > 0 { text += "; \(done) bytes were done in all" }
      if !failure.pins.isEmpty {
        text += "; held by pin \(failure.pins.map(String.init).joined(separator: ", "))"
      }
      if !failure.holders.isEmpty {
        text += "; held by \(failure.holders.map(\.words).joined(separator: ", "))"
      }
      return text
    case .unreachable(let text), .usage(let text), .failed(let text): return text
    case .ended: return nil
    }
  }
}

extension HolderInfo {
  /// `connection 7 of uid 1000 (2 pins of access 5, 1.2 s)`
  package var words: String {
    var parts: [String] = []
    if let access { parts.append(counted(pins ?? 0, "pin") + " of access \(access)") }
    let tenths = (milliseconds + 50) / 100
    parts.append("\(tenths / 10).\(tenths % 10) s")
    return "connection \(connection) of uid \(uid) (\(parts.joined(separator: ", ")))"
  }
}
