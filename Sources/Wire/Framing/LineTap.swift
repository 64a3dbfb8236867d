// SPDX-License-Identifier: Apache-2.0

/// Is shown a stream as it is cut into lines.
package protocol LineTap: AnyObject {
  /// A line is taken out of the stream, or dropped.
  ///
  /// - Parameters:
  ///   - line: as it came, without its newline. A line that is too long comes in pieces. A view for this call only.
  ///   - isWhole: whether a newline follows.
  ///   - batch: descriptors that the line takes, or those at which the connection breaks off.
  func passed(_ line: UnsafeRawBufferPointer, isWhole: Bool, _ batch: DescriptorBatch?)
}

extension Framer {
  /// Shows the last line that was cut.
  ///
  /// - Parameter takesFirst: whether the oldest descriptors go with it.
  func show(_ line: Line, takesFirst: Bool) {
    guard let tap else { return }
    let oldest = arrivals.first
    let isTaken = takesFirst && oldest.map { $0.first < line.end } == true
    let isPassed = oldest.map { $0.end <= line.end } == true
    unsafe tap.passed(raw(line), isWhole: true, isTaken || isPassed ? oldest?.batch : nil)
  }

  /// Shows an empty line, which means nothing unless descriptors came with it.
  func showBlank(_ line: Line) {
    guard let oldest = arrivals.first, oldest.end <= line.end else { return }
    show(line, takesFirst: true)
  }

  /// Shows what is pending, which is about to be dropped.
  func showPiece(takesFirst: Bool) {
    guard let tap, tail > head else { return }
    let bytes = unsafe UnsafeRawBufferPointer(start: base + head, count: tail - head)
    unsafe tap.passed(bytes, isWhole: false, takesFirst ? arrivals.first?.batch : nil)
  }

  /// The line with everything that ``text(_:)`` leaves out at its ends; empty when it stands in the buffer no more.
  private func raw(_ line: Line) -> UnsafeRawBufferPointer {
    let count = Int(line.end - line.first)
    guard position == line.end, count <= head else {
      return unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    }
    return unsafe UnsafeRawBufferPointer(start: base + head - count, count: count - 1)
  }
}
