// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct ObjectDestroyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "destroy", abstract: "Destroy objects that nothing stands on, one after the other.")

  @Argument(help: ArgumentHelp("Objects.", valueName: "id")) var ids: [UInt32]
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  /// What is gone now.
  struct Destroyed: Members {
    var items: [UInt32] = []

    mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("items", &items, "ids")
    }
  }

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    var destroyed = Destroyed()
    for id in ids {
      try daemon.call(ObjectDestroy(id: id))
      destroyed.items.append(id)
    }
    let list = ids.map(String.init).joined(separator: ", ")
    return Report(destroyed, .sentence(ids.count == 1 ? "\(list) is gone" : "\(list) are gone"))
  }
}
