// SPDX-License-Identifier: Apache-2.0

/// Members of answers and events that are not the same in a replay although the daemon does the same.
///
/// docs/trace.md has the table with the reasons.
package enum MayDiffer {
  /// By method; elements of lists have no number here. The method of an event is `event`.
  private static let members: [String: Set<String>] = [
    "server.info": ["result.version", "result.pid", "result.uid", "result.pin_limit"],
    "server.stats": ["result.totals", "result.quotas[].limit", "result.quotas[].limit_of_all"],
    "context.open": ["result.owner"],
    "context.list": ["result.items[].owner"],
    "events.subscribe": ["result.unmaps[].wait_ms"],
    "event": ["params.wait_ms", "params.owner"],
  ]
  private static let always: Set<String> = [
    "error.data.holders[].connection", "error.data.holders[].uid", "error.data.holders[].held_ms",
    "fds[].allocated",
  ]

  /// - Parameters:
  ///   - path: as ``JSONDifference`` has it.
  ///   - knowsContents: whether all memory there is was written by requests alone.
  package static func allows(_ method: String, _ path: String, knowsContents: Bool) -> Bool {
    // Most paths are of members that have to be the same.
    guard let last = path.split(separator: ".").last else { return false }
    if last == "data" { return path == "result.data" && !knowsContents }
    let place = withoutNumbers(path)
    return always.contains(place) || members[method]?.contains(place) == true
  }

  /// `items[12].owner` as `items[].owner`.
  private static func withoutNumbers(_ path: String) -> String {
    guard path.contains("[") else { return path }
    var result = ""
    var isNumber = false
    for character in path {
      if character == "]" { isNumber = false }
      if !isNumber { result.append(character) }
      if character == "[" { isNumber = true }
    }
    return result
  }
}
