// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuWire

/// Why a call has no result.
public enum ClientError: Error, Equatable, Sendable {
  /// Nobody could be reached at the socket.
  case unreachable(path: String, errno: Errno)
  /// The daemon said no; nothing has changed.
  case refused(Failure)
  /// The connection is gone, with an error number where there is one. Calls without an answer may have been
  /// executed or not.
  case lost(Errno?)
  /// The connection was lost and made again before this method was answered. It may have been executed or not, and was
  /// not sent again, because it must not be executed twice.
  case uncertain(String)
  /// The connection was lost and made again, and the context of this name is gone, with all that it held.
  case contextLost(String)
  /// The other end does not follow the protocol.
  case broken(String)
  /// A descriptor to be passed is not open.
  case badDescriptor(Int32, Errno)
  /// Memory could not be mapped here.
  case unmappable(Errno)

  /// Whether the daemon could not be talked to at all.
  public var isUnreachable: Bool {
    switch self {
    case .unreachable, .lost: true
    case .refused, .uncertain, .contextLost, .broken, .badDescriptor, .unmappable: false
    }
  }
}

extension ClientError: CustomStringConvertible {
  /// One sentence for people.
  public var description: String {
    switch self {
    case .unreachable(let path, let errno):
      switch errno.rawValue {
      case EACCES, EPERM:
        "permission denied on \(path): its users are members of a group, usually iommu (\(errno))"
      case ENOENT:
        "there is no iommud at \(path) (\(errno))"
      case ECONNREFUSED:
        "nobody listens at \(path) (\(errno))"
      default:
        "cannot connect to \(path) (\(errno))"
      }
    case .refused(let failure):
      failure.errno.map { "\(failure.message) (\($0))" } ?? "\(failure.message) (\(failure.code))"
    case .lost(let errno):
      errno.map { "the connection to iommud is lost (\($0))" } ?? "iommud closed the connection"
    case .uncertain(let method):
      "the connection to iommud was lost before \(method) was answered: it may have been executed or not"
    case .contextLost(let name):
      "iommud was started anew, and context \(name) is gone"
    case .broken(let reason):
      "iommud answered against the protocol: \(reason)"
    case .badDescriptor(let number, let errno):
      "descriptor \(number) cannot be passed (\(errno))"
    case .unmappable(let errno):
      "the memory cannot be mapped here (\(errno))"
    }
  }
}
