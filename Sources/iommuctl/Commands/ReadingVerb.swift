// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

/// A verb that reads memory. Bytes go to standard output as they come; JSON holds them as base64.
protocol ReadingVerb: OptionedCommand {
  var range: RangeArguments { get }

  func read(_ daemon: Daemon, into sink: inout ByteSink) throws(Problem)
}

extension ReadingVerb {
  func run() throws {
    let daemon = try Daemon(options)
    var sink = ByteSink(collects: options.form == .json, total: range.value.length)
    try read(daemon, into: &sink)
    guard let bytes = sink.collected else { return }
    var result = ReadBytes()
    result.iova = range.value.first
    result.length = UInt64(bytes.count)
    result.data = Bytes(bytes)
    try options.show(Report(result, .sentence("")))
  }
}
