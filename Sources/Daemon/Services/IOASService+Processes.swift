// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuLinux
import IommuWire

extension IOASService {
  /// A descriptor that is said to be the memory of a process, on its way to a worker and back.
  private struct Suspect: Sendable {
    var index: UInt32
    var field: String
    var number: Int32

    func identify() -> Result<ProcessFile, Errno> {
      do throws(Errno) {
        return .success(try ProcessFile(received: number))
      } catch {
        return .failure(error)
      }
    }
  }

  /// Has a worker look at the descriptors that are to be memory of processes, and goes on with what they are. Such a
  /// descriptor may be anything, also a file whose file system never answers.
  func identify<Value>(
    _ call: IOASMap, _ session: Session,
    then next: @escaping ([UInt32: ProcessFile]) throws(Failure) -> Outcome<Value>
  ) throws(Failure) -> Outcome<Value> {
    guard session.context.account.mayHaveWorker else { throw Failure(.contended) }
    var suspects: [Suspect] = []
    for (position, range) in call.ranges.enumerated() where range.source.kind == .process {
      let index = range.source.descriptor
      guard !suspects.contains(where: { $0.index == index }) else { continue }
      let field = call.single ? "source.fd" : "ranges[\(position)].source.fd"
      do throws(Failure) {
        let descriptor = try session.takeDescriptor(index, field: field)
        suspects.append(Suspect(index: index, field: field, number: descriptor.release()))
      } catch {
        Self.letGo(suspects, session)
        throw error
      }
    }
    let (all, context) = (suspects, session.context)
    context.inFlight += 1
    return .job(
      Job(
        lane: .endless, { all.map { $0.identify() } },
        next: { (found) throws(Failure) in
          context.inFlight -= 1
          Self.letGo(all, session)
          var processes: [UInt32: ProcessFile] = [:]
          for (suspect, result) in zip(all, found) {
            switch result {
            case .success(let file): processes[suspect.index] = file
            case .failure(let errno):
              let words = "descriptor \(suspect.index) is no memory of a process that can be read"
              throw Failure(errno, words, field: suspect.field)
            }
          }
          return try next(processes)
        }))
  }

  private static func letGo(_ suspects: [Suspect], _ session: Session) {
    for suspect in suspects { session.refuse(OwnedDescriptor(owning: suspect.number)) }
  }
}
