// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct Explain: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Follow one address to its memory and its frames, and say who holds it.",
    discussion: "Without --ioas, every address space of the context that maps it is looked at.")

  @Argument(help: "Address.") var iova: IOVA
  @Option(help: ArgumentHelp("Address space. (default: all that map the address)", valueName: "id"))
  var ioas: UInt32?
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  /// One explanation, with the address space that it is about.
  struct Item: Members {
    var ioas: UInt32 = 0
    var explanation = IOASExplain.Result()

    mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("ioas", &ioas, "address space")
      try explanation.visit(&visitor)
    }
  }

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    var items: [Item] = []
    if let ioas {
      items = [try explain(ioas, daemon)]
    } else {
      let spaces = try daemon.all { ObjectList(kind: .ioas, after: $0) }
      for space in spaces {
        do throws(Problem) {
          items.append(try explain(space.id, daemon))
        } catch .refused(let failure) where failure.errno == .enoent {
          continue
        } catch {
          throw error
        }
      }
      if items.isEmpty {
        let words = "no address space of the context maps \(iova)"
        throw .refused(Failure(.enoent, words, field: "iova"))
      }
    }
    let lines = items.flatMap { Explanation($0.ioas, iova, $0.explanation).sentences }
    return Report(
      Listing<Item, UInt32>(items), ids: items.map { "\($0.ioas)" }, .lines(lines))
  }

  private func explain(_ ioas: UInt32, _ daemon: Daemon) throws(Problem) -> Item {
    var item = Item()
    item.ioas = ioas
    item.explanation = try daemon.call(IOASExplain(ioas: ioas, iova: iova))
    return item
  }
}
