// SPDX-License-Identifier: Apache-2.0

import IommuClient

/// The daemon as verbs see it: calls whose errors are ``Problem``s.
struct Daemon {
  let client: Client

  /// Milliseconds for which a daemon is waited for that is being started anew.
  private static var patience: UInt32 { 1000 }

  /// Connects, and switches to the context of `options` when the verb `worksInContext`. A connection that is lost is made
  /// again.
  init(_ options: GlobalOptions, worksInContext: Bool = true) throws(Problem) {
    let name = worksInContext ? options.contextName : ""
    if worksInContext, name.isEmpty {
      if options.owner != nil { throw .usage("--owner goes with a context that has a name") }
      if options.persist { throw .usage("--persist goes with a context that has a name") }
    }
    let plan = Reconnecting(
      context: name.isEmpty ? nil : name, persists: options.persist, owner: options.owner, client: "iommuctl",
      patience: Self.patience)
    client = try Problem.catching { () throws(ClientError) in
      try Client.connect(to: options.socket, reconnecting: plan)
    }
  }

  @discardableResult
  func call<M: Method>(_ method: M, descriptors: [Int32] = []) throws(Problem) -> M.Result {
    try Problem.catching { () throws(ClientError) in
      try client.call(method, descriptors: descriptors)
    }
  }

  /// All items of a list, of which one answer may hold only the first.
  func all<M: Method, Item, Cursor>(_ method: (Cursor?) -> M) throws(Problem) -> [Item]
  where M.Result == Listing<Item, Cursor> {
    var items: [Item] = []
    var next: Cursor?
    repeat {
      let answer = try call(method(next))
      items += answer.items
      next = answer.next
    } while next != nil
    return items
  }
}

extension GlobalOptions {
  /// The context to work in; empty for the connection's own.
  var contextName: String { context ?? environmentVariable("IOMMUCTL_CONTEXT") ?? "default" }
}

extension Problem {
  package init(_ error: ClientError) {
    self =
      switch error {
      case .refused(let failure): .refused(failure)
      case .unreachable, .lost, .uncertain, .contextLost: .unreachable(error.description)
      case .broken, .badDescriptor, .unmappable: .failed(error.description)
      }
  }

  /// What `body` answers, with the client's errors as problems.
  static func catching<R: ~Copyable>(_ body: () throws(ClientError) -> R) throws(Problem) -> R {
    do throws(ClientError) { return try body() } catch { throw Problem(error) }
  }
}
