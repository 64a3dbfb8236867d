// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Where the daemon is looked for.
public enum SocketPath {
  /// The system's instance.
  public static let system = "/run/iommud/user.sock"

  /// `$IOMMUD_SOCKET` alone when it is set, else the user's own instance and the system's.
  public static func candidates() -> [String] {
    if let path = variable("IOMMUD_SOCKET") { return [path] }
    var paths: [String] = []
    if let folder = variable("XDG_RUNTIME_DIR") { paths.append(folder + "/iommud/user.sock") }
    paths.append(system)
    return paths
  }

  /// The first candidate that exists, else the last one.
  public static func standard() -> String {
    let paths = candidates()
    return paths.first { path in unsafe path.withCString { unsafe access($0, F_OK) } == 0 } ?? paths.last
      ?? system
  }

  private static func variable(_ name: String) -> String? {
    guard let value = unsafe name.withCString({ unsafe getenv($0) }), unsafe value.pointee != 0 else {
      return nil
    }
    return unsafe String(cString: value)
  }
}
