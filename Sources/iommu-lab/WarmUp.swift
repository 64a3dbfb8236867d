// SPDX-License-Identifier: Apache-2.0

/// Does everything once before anything is counted: the Swift runtime makes its tables for a type when the type is
/// first used, and would make them in the engine's name.
enum WarmUp {
  private static let script = """
    ioas A
    ioas B
    ioas C
    origin M 4096
    domain A a flat
    map A 0x40000000 M 0 4096
    domain A b vtd
    domain B c flat
    domain C n null
    map C 0x1000 M 0 8 ro
    copy A 0x40000000 4096 B 0x40000000
    pin A 0x40001000 4000
    pin A 0x40000000 64
    fail pin 1
    map A 0x1000 M 0 1
    fail map 1
    map A 0x1000 M 0 1
    fail charge 1
    map A 0x1000 M 0 1
    unmap A 0x40000000 4096
    undomain A a
    read A 0x40000000 8192
    write A 0x40000000 8192
    unpin A 0x40001000 4000
    unpin A 0x40000000 64
    undomain A b
    onunmap unpin
    pin A 0x40000000 8
    unmap A 0x40000000 4096
    mapn A 0x1000 0x2000 M 0 1 200 shuffle
    unmapn A 0x1000 0x2000 1 200 shuffle
    alloc A M 1 200
    option A huge_pages 0
    check
    free A   # done
    """

  static func run(_ settings: Run.Settings) throws(LabError) {
    let lines = try ScriptParser.parse(script, file: "warm-up")
    var settings = settings
    if settings.layout == .physical { settings.layout = .contig }
    let run = Run(settings)
    try run.run(lines, file: "warm-up")
  }
}
