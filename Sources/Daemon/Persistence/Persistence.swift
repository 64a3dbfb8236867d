// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// What contexts need to survive the daemon: where their logs and descriptors are kept, and who writes logs anew.
/// Confined to the loop.
package final class Persistence {
  package let store: DescriptorStore
  let journal: Journal
  /// Released when a log has taken the place of another, or was given up.
  let replaced = WaitList()
  /// For what clients can bring about as often as they like.
  let clientJournal: ClientJournal
  /// Logs that are being written anew, a piece of one at a time.
  private var rewriting: [ChangeLog] = []
  private var post: PostSource?
  /// The highest number that a context has.
  private var lastContext: UInt64 = 0

  package init(_ loop: EventLoop, _ store: DescriptorStore, _ journal: Journal) {
    self.store = store
    self.journal = journal
    clientJournal = ClientJournal(journal, loop)
    post = PostSource(loop) { [unowned self] in rewrite() }
  }

  /// A number that no context has had.
  func nextContext() -> UInt64 {
    lastContext += 1
    return lastContext
  }

  /// A context of that number came back.
  func noteContext(_ number: UInt64) { lastContext = max(lastContext, number) }

  /// Answers when the service manager has heard all that it was told.
  func whenHeard<R>(_ answer: R) -> Outcome<R> {
    let ticket = store.barrier()
    guard !store.hasPassed(ticket) else { return .done(answer) }
    return .parked(
      Parked(
        on: store.passed, milliseconds: ChangeLog.patience,
        attempt: { self.store.hasPassed(ticket) ? .done(answer) : nil }, expire: { ChangeLog.unsettled }))
  }

  /// Has the log take its turns.
  func schedule(_ log: ChangeLog) {
    if !rewriting.contains(where: { $0 === log }) { rewriting.append(log) }
    post?.post()
  }

  private func rewrite() {
    guard !rewriting.isEmpty else { return }
    let log = rewriting.removeFirst()
    if log.rewriteSome() { rewriting.append(log) }
    if !rewriting.isEmpty { post?.post() }
  }
}
