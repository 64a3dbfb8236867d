// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

/// A memfd that a caller passes for bytes that are too many for a message. It cannot shrink, so whoever copies finds
/// what was there when it was looked at.
package enum CallerFile {
  /// Bytes of a file that are meant.
  package struct Span {
    package var offset: UInt64
    package var length: UInt64
  }

  /// Takes the request's descriptor number `index` and looks at it.
  ///
  /// - Parameter writes: whether the file is to be written.
  /// - Throws: EINVAL for what is no memfd, for one that may shrink, and for a span past its end; EPERM for one that is
  ///   to be written and cannot be; EOVERFLOW; ENOSPC when there is no range of frames left.
  package static func take(
    _ index: UInt32, _ span: Span, writes: Bool, _ session: Session, _ contexts: Contexts
  ) throws(Failure) -> MemfdOrigin {
    let (end, overflows) = span.offset.addingReportingOverflow(span.length)
    guard span.length < 1 << 63, !overflows else {
      let words = "\(span.length) bytes at offset \(span.offset) pass any file's end"
      throw Failure(.eoverflow, words, field: "length")
    }
    let descriptor = try session.takeDescriptor(index, field: "fd")
    let facts: MemfdFacts
    do throws(Errno) {
      facts = try MemfdFacts(of: descriptor)
    } catch {
      session.refuse(descriptor)
      throw Failure(error, "descriptor \(index) is no memfd that can be read", field: "fd")
    }
    if let failure = refusal(facts, index, end, span, writes) {
      session.refuse(descriptor)
      throw failure
    }
    do throws(Errno) {
      return try MemfdOrigin(MemfdFile(received: descriptor, facts), frames: contexts.frames)
    } catch {
      throw Failure(error, "there are no bus frames for \(facts.size) bytes", field: "fd")
    }
  }

  private static func refusal(
    _ facts: MemfdFacts, _ index: UInt32, _ end: UInt64, _ span: Span, _ writes: Bool
  ) -> Failure? {
    guard facts.seals.contains(.shrink) else {
      return Failure(.einval, "descriptor \(index) is not sealed against shrinking", field: "fd")
    }
    guard facts.writable || !writes else {
      return Failure(.eperm, "descriptor \(index) cannot be written", field: "fd")
    }
    guard end <= facts.size else {
      let words =
        "\(span.length) bytes at offset \(span.offset) pass the end of the file, which holds \(facts.size)"
      return Failure(.einval, words, field: "length")
    }
    return nil
  }

  /// What it is to the caller that the file could not be copied.
  static func failure(_ refusal: Refusal) -> Failure {
    guard case .origin(let errno, let index) = refusal else {
      return Failure(refusal, Origins(subject: "fd"))
    }
    let words =
      errno == .efault
      ? "page \(index.rawValue) of the file is not there; populate it first"
      : "page \(index.rawValue) of the file answers \(errno)"
    return Failure(errno, words, field: "fd")
  }
}
