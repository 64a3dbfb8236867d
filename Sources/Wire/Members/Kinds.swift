// SPDX-License-Identifier: Apache-2.0

/// Kinds of objects in a context.
public enum ObjectKind: String, Enumeration {
  case ioas, device, hwpt, access, memory, pages
}

/// How memory is kept where it is.
public enum Residency: String, Enumeration {
  /// Pinned by the kernel for I/O.
  case pinned
  /// Locked in memory, since the kernel would not pin it.
  case locked
  /// Left to the kernel.
  case advisory
  /// It should be pinned, but could not be again.
  case degraded
}

/// Who may pin how much.
public enum RlimitMode: String, Enumeration {
  /// All processes of a user together.
  case user
  /// Each process that connects.
  case process
}

/// Which frame numbers pages have.
public enum FrameLayout: String, Enumeration {
  /// Those of the daemon's own bus, in the order of the memory.
  case bus
  /// Those of the daemon's own bus, no two neighbours adjacent: for tests.
  case fragmented
  /// The machine's own: for bringing something up on a machine of one's own.
  case physical
}

/// Page table formats of devices.
public enum TableFormat: String, Enumeration {
  /// The second-stage table of Intel VT-d.
  case vtd
  /// A flat table of any page size from 1 KiB.
  case flat
}

/// What the socket that a connection came in by lets it do.
public enum Role: String, Enumeration {
  case user, observer, admin
}
