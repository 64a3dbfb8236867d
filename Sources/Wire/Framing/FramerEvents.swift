// SPDX-License-Identifier: Apache-2.0

extension Framer {
  /// Why the connection cannot go on.
  package enum Fatal: Error, Equatable {
    /// A line names another number of descriptors than came with it.
    case mismatch(declared: Int, received: Int)
    /// Descriptors came that no line declares.
    case unclaimed(Int)
    /// The kernel dropped descriptors.
    case truncated
    /// Descriptors came with a line that cannot be read.
    case broken
    /// The receiver holds too many already.
    case tooMany
  }

  package enum Event {
    /// Nothing before more is received.
    case none
    /// A line, to be settled before the next call.
    case line(Line)
    /// A line of more than ``WireLimit/lineBytes`` was skipped.
    case overlong
    case fatal(Fatal)
  }
}
