// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase

/// What the machine lets this process have.
package enum ProcessBudget {
  /// Bytes of memory that the process may use: the tightest limit of its control groups, version 2 or 1, else
  /// the machine's memory.
  package static func memory() -> UInt64 {
    let pages = max(sysconf(Int32(_SC_PHYS_PAGES)), 1)
    var bytes = UInt64(pages) << Page.shift
    for line in text(of: "/proc/self/cgroup").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let (root, file): (String, String)
      if parts[1].isEmpty {
        (root, file) = ("/sys/fs/cgroup", "memory.max")
      } else if parts[1].split(separator: ",").contains("memory") {
        (root, file) = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
      } else {
        continue
      }
      // A group is bounded by those above it too.
      var group = parts[2] == "/" ? "" : String(parts[2])
      while true {
        if let limit = UInt64(text(of: "\(root)\(group)/\(file)").prefix { $0.isNumber }) {
          bytes = min(bytes, limit)
        }
        guard let slash = group.lastIndex(of: "/") else { break }
        group = String(group[..<slash])
      }
    }
    return bytes
  }

  /// Descriptors that the process may have open.
  package static func descriptors() -> UInt64 {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
    return UInt64(limit.rlim_cur)
  }

  /// The beginning of a small file, or nothing where it cannot be read.
  private static func text(of path: String) -> String {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    let descriptor = OwnedDescriptor(owning: file)
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      count = unsafe max(read(descriptor.rawValue, buffer.baseAddress, buffer.count), 0)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
