// SPDX-License-Identifier: Apache-2.0

import CSystemd
import Glibc
import IommuBase
import IommuWire

/// A Unix socket that clients connect to, and what they may do there.
package struct ListeningSocket: ~Copyable {
  package let descriptor: OwnedDescriptor
  package let role: Role
  /// The file that goes with the socket, when it was made here.
  private let made: (path: String, device: UInt64, inode: UInt64)?

  deinit {
    guard let made, let found = Self.identity(of: made.path) else { return }
    // Whoever made another socket there since then keeps it.
    if found == (made.device, made.inode) { _ = unsafe unlink(made.path) }
  }

  /// Makes a socket file with mode 0660 at `path`. One that nobody listens at any more is replaced.
  package init(role: Role, path: String) throws(StartFailure) {
    func failure(_ what: String) -> StartFailure { StartFailure("\(path): \(what): \(Errno.current)") }
    guard var address = Self.address(path) else {
      throw StartFailure("\(path): longer than the path of a socket may be")
    }
    let result = socket(
      AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard result >= 0 else { throw failure("no socket") }
    let descriptor = OwnedDescriptor(owning: result)
    // The file begins with the socket's own mode: nobody else gets in before it is right.
    fchmod(result, 0o600)
    if !Self.bind(result, &address) {
      guard errno == EADDRINUSE, Self.isDeserted(path, &address) else { throw failure("cannot bind") }
      _ = unsafe unlink(path)
      guard Self.bind(result, &address) else { throw failure("cannot bind") }
    }
    guard let found = Self.identity(of: path) else { throw failure("no file") }
    let made = (path, found.device, found.inode)
    guard unsafe chmod(path, 0o660) == 0, listen(result, 128) == 0 else {
      let failure = failure("cannot listen")
      _ = unsafe unlink(path)
      throw failure
    }
    self.descriptor = descriptor
    self.role = role
    self.made = made
  }

  private init(inherited: Int32, role: Role) {
    descriptor = OwnedDescriptor(owning: inherited)
    self.role = role
    made = nil
  }

  /// What systemd hands over: sockets, each with the role that its FileDescriptorName says, and what it kept in its
  /// store. To be called once, before any other thread is there.
  package static func inherited() throws(StartFailure) -> Inherited {
    var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    let count = unsafe sd_listen_fds_with_names(1, &names)
    guard count >= 0 else { throw StartFailure("cannot take sockets over: \(Errno(-count))") }
    defer { unsafe free(names) }
    var inherited = Inherited()
    for index in 0..<Int(max(count, 0)) {
      var name = "unknown"
      if let text = unsafe names?[index] {
        name = unsafe String(cString: text)
        unsafe free(text)
      }
      try inherited.add(Int32(SD_LISTEN_FDS_START) + Int32(index), named: name)
    }
    return inherited
  }

  /// Descriptors that were handed over and not taken yet.
  package struct Inherited {
    private var found: [(number: Int32, role: Role)] = []
    package private(set) var stored: [StoredDescriptor] = []

    package init() {}
    package var count: Int { found.count }

    package mutating func take() -> ListeningSocket? {
      found.popLast().map { ListeningSocket(inherited: $0.number, role: $0.role) }
    }

    /// Takes over `number`, whose name tells what it is.
    package mutating func add(_ number: Int32, named name: String) throws(StartFailure) {
      var facts = stat()
      let isFile = unsafe fstat(number, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
      if isFile, let name = StoreName(name) {
        return stored.append(StoredDescriptor(name, OwnedDescriptor(owning: number)))
      }
      // Whoever gives no name means no more than users get.
      guard let role = name == "unknown" ? .user : Role(rawValue: name) else {
        throw StartFailure(
          "a descriptor has the FileDescriptorName \(name), not user, observer or admin")
      }
      guard sd_is_socket(number, AF_UNIX, Int32(SOCK_STREAM.rawValue), 1) > 0 else {
        throw StartFailure("descriptor \(number) is no listening Unix stream socket")
      }
      _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
      found.append((number, role))
    }
  }

  // MARK: Addresses

  private static func address(_ path: String) -> sockaddr_un? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let fits = unsafe withUnsafeMutableBytes(of: &address.sun_path) { room -> Bool in
      guard !bytes.isEmpty, bytes.count < room.count, !bytes.contains(0) else { return false }
      unsafe room.copyBytes(from: bytes)
      return true
    }
    return fits ? address : nil
  }

  private static func withAddress(
    _ address: inout sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Bool {
    unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe body(pointer, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
  }

  private static func bind(_ socket: Int32, _ address: inout sockaddr_un) -> Bool {
    unsafe withAddress(&address) { unsafe Glibc.bind(socket, $0, $1) }
  }

  /// Whether there is a socket at `path` at which nobody listens. Leaves errno as it was.
  private static func isDeserted(_ path: String, _ address: inout sockaddr_un) -> Bool {
    let before = errno
    defer { errno = before }
    var facts = stat()
    guard unsafe lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFSOCK else { return false }
    let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard probe >= 0 else { return false }
    let descriptor = OwnedDescriptor(owning: probe)
    let answers = unsafe withAddress(&address) { unsafe connect(descriptor.rawValue, $0, $1) }
    return !answers && errno == ECONNREFUSED
  }

  private static func identity(of path: String) -> (device: UInt64, inode: UInt64)? {
    var facts = stat()
    guard unsafe lstat(path, &facts) == 0 else { return nil }
    return (UInt64(facts.st_dev), UInt64(facts.st_ino))
  }
}
