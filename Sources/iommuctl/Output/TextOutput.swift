// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Writes all of `bytes` to a descriptor, as far as it takes them.
///
/// - Throws: ``Problem`` when they cannot be written. A reader who has gone ends the program by SIGPIPE, as
///   usual in a pipeline.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(Problem) {
  var done = 0
  while done < bytes.count {
    let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
    let count = unsafe write(descriptor, rest.baseAddress, rest.count)
    if count >= 0 {
      done += count
    } else if errno != EINTR {
      throw .failed("cannot write: \(errorText(errno))")
    }
  }
}

/// Writes bytes to standard output.
func printBytes(_ bytes: [UInt8]) throws(Problem) {
  var problem: Problem?
  unsafe bytes.withUnsafeBytes { bytes in
    do throws(Problem) { unsafe try writeAll(bytes, to: STDOUT_FILENO) } catch { problem = error }
  }
  if let problem { throw problem }
}

/// Writes lines to standard output.
func printLines(_ lines: [String]) throws(Problem) {
  guard !lines.isEmpty else { return }
  try printBytes(Array((lines.joined(separator: "\n") + "\n").utf8))
}

/// Writes a line to standard error, where nothing can be done about a failure.
func printError(_ text: String) {
  do throws(Problem) {
    try writeToError(text + "\n")
  } catch {
    return
  }
}

func writeToError(_ text: String) throws(Problem) {
  let bytes = Array(text.utf8)
  var problem: Problem?
  unsafe bytes.withUnsafeBytes { bytes in
    do throws(Problem) { unsafe try writeAll(bytes, to: STDERR_FILENO) } catch { problem = error }
  }
  if let problem { throw problem }
}

/// What the C library says of an error number.
func errorText(_ number: Int32) -> String {
  guard let text = unsafe strerror(number) else { return "error \(number)" }
  return unsafe String(cString: text)
}
