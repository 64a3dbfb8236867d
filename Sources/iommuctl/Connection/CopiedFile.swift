// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuClient

/// A file's bytes in a memfd whose size is sealed, padded with zeroes to whole pages: what can be mapped.
struct CopiedFile: ~Copyable {
  let descriptor: OwnedDescriptor
  /// Bytes of the file.
  let length: UInt64
  /// Bytes of the memfd.
  let padded: UInt64

  /// Copies the file at `path`; `-` is standard input.
  init(_ path: String) throws(Problem) {
    let name = path == "-" ? "standard input" : "'\(path)'"
    let source = try Self.open(path, name)
    var progress = Progress("copying", total: Self.size(source.rawValue))
    // What the kernel calls a memfd has at most 249 bytes.
    let shown = String(decoding: path.utf8.suffix(200), as: UTF8.self)
    let file = unsafe shown.withCString { unsafe iommu_memfd_create($0, UInt32(IOMMU_HUGE_NONE)) }
    guard file >= 0 else { throw .failed("cannot make a memfd: \(errorText(-file))") }
    let copy = OwnedDescriptor(owning: file)
    var length: UInt64 = 0
    while true {
      let piece = try readFully(source.rawValue, 1 << 20, name: name)
      var problem: Problem?
      unsafe piece.withUnsafeBytes { bytes in
        do throws(Problem) { unsafe try writeAll(bytes, to: file) } catch { problem = error }
      }
      if let problem { throw problem }
      length += UInt64(piece.count)
      progress.advance(by: UInt64(piece.count))
      if piece.count < 1 << 20 { break }
    }
    guard length > 0 else { throw .failed("\(name) is empty: there is nothing to map") }
    let padded = (length + Page.offsetMask) & ~Page.offsetMask
    guard ftruncate(file, off_t(padded)) == 0 else {
      throw .failed("cannot pad the memfd: \(errorText(errno))")
    }
    let seals = IOMMU_SEAL_SHRINK | IOMMU_SEAL_GROW | IOMMU_SEAL_SEAL
    let sealed = iommu_add_seals(file, UInt32(seals))
    guard sealed >= 0 else { throw .failed("cannot seal the memfd: \(errorText(-sealed))") }
    self.length = length
    self.padded = padded
    descriptor = copy
  }

  /// The memfd alone.
  consuming func takeDescriptor() -> OwnedDescriptor { descriptor }

  private static func open(_ path: String, _ name: String) throws(Problem) -> OwnedDescriptor {
    let number =
      path == "-"
      ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
      : unsafe path.withCString { unsafe Glibc.open($0, O_RDONLY | O_CLOEXEC) }
    guard number >= 0 else { throw .failed("cannot open \(name): \(errorText(errno))") }
    let source = OwnedDescriptor(owning: number)
    if path != "-", kind(of: number) == S_IFCHR {
      throw .failed("\(name) is a device, which may never end")
    }
    return source
  }

  private static func kind(of descriptor: Int32) -> mode_t {
    var facts = iommu_file_facts()
    guard unsafe iommu_file_facts(descriptor, &facts) == 0 else { return 0 }
    return facts.mode & S_IFMT
  }

  /// Bytes of a regular file; nil for what has no size beforehand.
  private static func size(_ descriptor: Int32) -> UInt64? {
    var facts = iommu_file_facts()
    guard unsafe iommu_file_facts(descriptor, &facts) == 0, facts.mode & S_IFMT == S_IFREG else {
      return nil
    }
    return facts.size
  }
}
