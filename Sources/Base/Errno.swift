// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A Linux error number, the vocabulary in which iommud refuses.
@frozen
public struct Errno: RawRepresentable, Hashable, Error, Sendable {
  public var rawValue: Int32

  @inlinable public init(rawValue: Int32) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: Int32) { self.rawValue = rawValue }

  /// The calling thread's `errno`.
  public static var current: Errno { Errno(errno) }
}

extension Errno: CustomStringConvertible {
  /// The symbolic name, such as `EINVAL`; `E123` for a number without one here.
  public var description: String {
    switch rawValue {
    case EPERM: "EPERM"
    case ENOENT: "ENOENT"
    case EINTR: "EINTR"
    case EIO: "EIO"
    case EBADF: "EBADF"
    case EAGAIN: "EAGAIN"
    case ENOMEM: "ENOMEM"
    case EACCES: "EACCES"
    case EFAULT: "EFAULT"
    case EBUSY: "EBUSY"
    case EEXIST: "EEXIST"
    case ENODEV: "ENODEV"
    case EINVAL: "EINVAL"
    case ENFILE: "ENFILE"
    case EMFILE: "EMFILE"
    case EFBIG: "EFBIG"
    case ENOSPC: "ENOSPC"
    case EPIPE: "EPIPE"
    case ERANGE: "ERANGE"
    case EDEADLK: "EDEADLK"
    case ENOSYS: "ENOSYS"
    case EPROTO: "EPROTO"
    case EOVERFLOW: "EOVERFLOW"
    case EOPNOTSUPP: "EOPNOTSUPP"
    case EADDRINUSE: "EADDRINUSE"
    case ECONNREFUSED: "ECONNREFUSED"
    case ECONNRESET: "ECONNRESET"
    case EUCLEAN: "EUCLEAN"
    case EDQUOT: "EDQUOT"
    case ECANCELED: "ECANCELED"
    case ETIMEDOUT: "ETIMEDOUT"
    default: "E\(rawValue)"
    }
  }
}

extension Errno {
  public static var eperm: Errno { Errno(Glibc.EPERM) }
  public static var enoent: Errno { Errno(Glibc.ENOENT) }
  public static var efault: Errno { Errno(Glibc.EFAULT) }
  public static var ebusy: Errno { Errno(Glibc.EBUSY) }
  public static var eexist: Errno { Errno(Glibc.EEXIST) }
  public static var einval: Errno { Errno(Glibc.EINVAL) }
  public static var enospc: Errno { Errno(Glibc.ENOSPC) }
  public static var enomem: Errno { Errno(Glibc.ENOMEM) }
  public static var eoverflow: Errno { Errno(Glibc.EOVERFLOW) }
  public static var eaddrinuse: Errno { Errno(Glibc.EADDRINUSE) }
  public static var eopnotsupp: Errno { Errno(Glibc.EOPNOTSUPP) }
  public static var edquot: Errno { Errno(Glibc.EDQUOT) }
  public static var edeadlk: Errno { Errno(Glibc.EDEADLK) }
  public static var eagain: Errno { Errno(Glibc.EAGAIN) }
  public static var enosys: Errno { Errno(Glibc.ENOSYS) }
  public static var eio: Errno { Errno(Glibc.EIO) }
  public static var euclean: Errno { Errno(Glibc.EUCLEAN) }
  public static var emfile: Errno { Errno(Glibc.EMFILE) }
}
