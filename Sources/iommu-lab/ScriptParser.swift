// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Reads a script. Everything that can be known to be wrong without running it is an error with its line.
struct ScriptParser {
  private let file: String
  private var number = 0
  private var words: ArraySlice<Substring> = []
  private var spaces: Set<String> = []
  private var origins: [String: UInt64] = [:]
  private var domains: [String: Set<String>] = [:]

  private init(file: String) { self.file = file }

  /// - Parameter file: the script's name for errors.
  static func parse(_ text: String, file: String) throws(LabError) -> [Line] {
    var parser = ScriptParser(file: file)
    var lines: [Line] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      parser.number = index + 1
      if let line = try parser.parse(line) { lines.append(line) }
    }
    return lines
  }

  private mutating func parse(_ line: Substring) throws(LabError) -> Line? {
    let parts = line.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let label = parts.count > 1 ? Self.trimmed(parts[1]) : ""
    words = (parts.first ?? "").split { $0 == " " || $0 == "\t" || $0 == "\r" }[...]
    guard let verb = words.first else { return nil }
    let text = words.joined(separator: " ")
    words = words.dropFirst()
    let step = try step(verb)
    if let word = words.first { throw error("`\(word)` is one word too many") }
    return Line(number: number, text: text, label: label.isEmpty ? nil : label, step: step)
  }

  private static func trimmed(_ text: Substring) -> String {
    text.split { $0 == " " || $0 == "\t" || $0 == "\r" }.joined(separator: " ")
  }

  private mutating func step(_ verb: Substring) throws(LabError) -> Step {
    switch verb {
    case "ioas": return .ioas(try newSpace())
    case "origin": return try origin()
    case "domain": return try domain()
    case "undomain": return try undomain()
    case "map":
      let (ioas, iova) = (try space(), try iova())
      let (origin, start, pages) = (try originName(), try count("START"), try count("PAGES"))
      return .map(
        ioas: ioas, iova, origin: origin, start: start, pages: pages, readOnly: try optional("ro"))
    case "unmap": return .unmap(ioas: try space(), try iova(), pages: try count("PAGES"))
    case "copy":
      let (from, source, pages) = (try space(), try iova(), try count("PAGES"))
      return .copy(from: from, source, pages: pages, to: try space(), try iova())
    case "pin": return .pin(ioas: try space(), try iova(), pages: try count("PAGES"))
    case "unpin": return .unpin(ioas: try space(), try iova(), pages: try count("PAGES"))
    case "read": return .read(ioas: try space(), try iova(), bytes: try count("BYTES"))
    case "write": return .write(ioas: try space(), try iova(), bytes: try count("BYTES"))
    case "mapn": return try mapMany()
    case "unmapn":
      let (ioas, iova, stride) = (try space(), try iova(), try count("STRIDE"))
      return .unmapMany(ioas: ioas, try series(iova, stride))
    case "alloc":
      return .alloc(
        ioas: try space(), origin: try originName(), pages: try count("PAGES"), count: try count("COUNT"))
    case "free": return .free(ioas: try space())
    case "option": return try option()
    case "onunmap":
      try literal("unpin")
      return .unpinOnUnmap
    case "fail":
      let failure: Step.Failure = try choice("what fails", try word("pin, map or charge"))
      let after = try count("N")
      guard after > 0 else { throw error("calls are counted from 1") }
      return .fail(failure, after: after)
    case "check": return .check
    default: throw error("unknown word `\(verb)`")
    }
  }

  // MARK: Steps of several forms

  private mutating func newSpace() throws(LabError) -> String {
    let name = try word("a name")
    guard spaces.insert(name).inserted else { throw error("there is an ioas `\(name)` already") }
    return name
  }

  private mutating func origin() throws(LabError) -> Step {
    let (name, pages) = (try word("a name"), try count("PAGES"))
    guard origins.updateValue(pages, forKey: name) == nil else {
      throw error("there is an origin `\(name)` already")
    }
    guard pages > 0, pages <= 1 << 31 else { throw error("an origin has 1 to 2^31 pages") }
    return .origin(name, pages: pages)
  }

  private mutating func domain() throws(LabError) -> Step {
    let (ioas, name) = (try space(), try word("a name"))
    guard domains[ioas, default: []].insert(name).inserted else {
      throw error("`\(ioas)` has a domain `\(name)` already")
    }
    let format: Step.Format =
      words.isEmpty ? .flat : try choice("a format", try word("a format"))
    return .domain(ioas: ioas, name: name, format)
  }

  private mutating func undomain() throws(LabError) -> Step {
    let (ioas, name) = (try space(), try word("a name"))
    guard domains[ioas, default: []].remove(name) != nil else {
      throw error("`\(ioas)` has no domain `\(name)`")
    }
    return .undomain(ioas: ioas, name: name)
  }

  private mutating func mapMany() throws(LabError) -> Step {
    let (ioas, iova, stride) = (try space(), try iova(), try count("STRIDE"))
    let (origin, start) = (try originName(), try count("START"))
    return .mapMany(ioas: ioas, try series(iova, stride), origin: origin, start: start)
  }

  private mutating func series(_ iova: IOVA, _ stride: UInt64) throws(LabError) -> Step.Series {
    let (pages, count) = (try count("PAGES"), try count("COUNT"))
    return Step.Series(
      iova: iova, stride: stride, pages: pages, count: count, shuffle: try optional("shuffle"))
  }

  private mutating func option() throws(LabError) -> Step {
    let ioas = try space()
    try literal("huge_pages")
    switch try count("0 or 1") {
    case 0: return .hugePages(ioas: ioas, false)
    case 1: return .hugePages(ioas: ioas, true)
    default: throw error("huge_pages is 0 or 1")
    }
  }

  // MARK: Words

  private func error(_ text: String) -> LabError { LabError("\(file):\(number): \(text)") }

  private mutating func word(_ what: String) throws(LabError) -> String {
    guard let word = words.popFirst() else { throw error("\(what) is missing") }
    return String(word)
  }

  private mutating func literal(_ expected: String) throws(LabError) {
    let word = try word("`\(expected)`")
    guard word == expected else { throw error("unknown word `\(word)`") }
  }

  private mutating func optional(_ expected: String) throws(LabError) -> Bool {
    if words.isEmpty { return false }
    try literal(expected)
    return true
  }

  private func choice<T: RawRepresentable<String>>(_ what: String, _ word: String) throws(LabError) -> T {
    guard let value = T(rawValue: word) else { throw error("`\(word)` is not \(what)") }
    return value
  }

  private mutating func space() throws(LabError) -> String {
    let name = try word("an ioas")
    guard spaces.contains(name) else { throw error("there is no ioas `\(name)`") }
    return name
  }

  private mutating func originName() throws(LabError) -> String {
    let name = try word("an origin")
    guard origins[name] != nil else { throw error("there is no origin `\(name)`") }
    return name
  }

  private mutating func iova() throws(LabError) -> IOVA { IOVA(try count("IOVA")) }

  /// A number, decimal or with `0x`.
  private mutating func count(_ what: String) throws(LabError) -> UInt64 {
    let word = try word(what)
    let number = word.hasPrefix("0x") ? UInt64(word.dropFirst(2), radix: 16) : UInt64(word)
    guard let number else { throw error("`\(word)` is not a number (\(what))") }
    return number
  }
}
