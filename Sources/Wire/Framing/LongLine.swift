// SPDX-License-Identifier: Apache-2.0

/// A line that was read away from the thread that received it. What it borrows ends with the reading.
package struct LongLine: Sendable {
  /// What the framing has to know of it.
  package enum Meaning: Sendable {
    case request(RequestID, descriptors: Int)
    /// As ``Envelope/refused(_:descriptors:_:)``.
    case refused(RequestID?, descriptors: Int?, Failure)
    case broken(Failure)
  }

  package let meaning: Meaning
  package let marks: RequestMarks
  /// Which method it calls, by its position in the table, and with what parameters; nil for none that is known.
  package let call: (position: Int, parameters: Result<any Sendable, Failure>)?
  /// The beginning of the method's name.
  package let method: String

  /// Reads `text` on the calling thread.
  ///
  /// - Parameters:
  ///   - names: of all methods.
  ///   - readers: read the parameters of the method at the same position.
  package init(
    _ text: [UInt8], _ names: NameTable, _ readers: [@Sendable (Request) throws(Failure) -> any Sendable]
  ) {
    var scanner = Scanner()
    var call: (Int, Result<any Sendable, Failure>)?
    var meaning = Meaning.broken(.parse("the line is empty"))
    var method = ""
    var marks = RequestMarks()
    unsafe text.withUnsafeBytes { bytes in
      switch unsafe Envelope.read(bytes, &scanner) {
      case .request(let request):
        meaning = .request(request.id, descriptors: request.descriptors)
        marks = RequestMarks(request)
        method = String(request.method.prefix(WireLimit.tokenBytes))
        guard let position = names.find(request) else { return }
        do throws(Failure) {
          call = (position, .success(try readers[position](request)))
        } catch {
          call = (position, .failure(error))
        }
      case .refused(let id, let descriptors, let failure):
        meaning = .refused(id, descriptors: descriptors, failure)
      case .broken(let failure):
        meaning = .broken(failure)
      case .long:
        break
      }
    }
    self.meaning = meaning
    self.call = call
    self.marks = marks
    self.method = method
  }
}
