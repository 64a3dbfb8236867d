// SPDX-License-Identifier: Apache-2.0

import Testing

/// Scripts, options and what is printed.
@Suite struct LabScriptTests {
  @Test(arguments: [
    ("ioas A\nfrob A", "-:2: unknown word `frob`"),
    ("ioas A\n\n  # nothing\nioas A", "-:4: there is an ioas `A` already"),
    ("map A 0 M 0 1", "-:1: there is no ioas `A`"),
    ("ioas A\nmap A 0 M 0 1", "-:2: there is no origin `M`"),
    ("ioas A\ndomain A d round", "-:2: `round` is not a format"),
    ("ioas A\nundomain A d", "-:2: `A` has no domain `d`"),
    ("ioas A\norigin M 1\nmap A 0x1000 M 0 1 rw", "-:3: unknown word `rw`"),
    ("ioas A\nunmap A 0x1000 1 1", "-:2: `1` is one word too many"),
    ("ioas A\nunmap A 0x1000", "-:2: PAGES is missing"),
    ("ioas A\nunmap A 0xg 1", "-:2: `0xg` is not a number (IOVA)"),
    ("ioas A\noption A huge_pages 2", "-:2: huge_pages is 0 or 1"),
    ("fail pin 0", "-:1: calls are counted from 1"),
    ("fail luck 1", "-:1: `luck` is not what fails"),
    ("origin M 0", "-:1: an origin has 1 to 2^31 pages"),
    (
      "ioas A\norigin M 1\ndomain A d null\nmap A 0x1000 M 0 1\npin A 0x1000 1",
      "-:5: a null domain remembers no frames: nothing can be pinned"
    ),
  ])
  func errorsNameTheLine(script: String, complaint: String) throws {
    let result = try LabProgram.run(script)
    #expect(result.status == 1)
    #expect(result.errors == "iommu-lab: \(complaint)\n")
    #expect(result.lines.isEmpty)
  }

  @Test func timesAreTwoMoreCells() throws {
    let script = "ioas A\norigin M 512\nmap A 0x200000 M 0 512 # map\nfree A # unmap"
    #expect(try LabProgram.run(script).rows["map"]?.count == 13)
    let timed = try LabProgram.run(script, ["--time", "5"]).rows
    #expect(timed.count == 2)
    for row in timed.values {
      #expect(row.count == 15)
      #expect(row[13] > 0 && row[13] <= row[14])
    }
  }

  /// Small batches split runs only where a batch is full.
  @Test func batchesAreAsSmallAsAsked() throws {
    let script = "ioas A\norigin M 64\ndomain A d\nmap A 0x200000 M 0 64 # map\ncheck\nfree A"
    let row = try LabProgram.run(script, ["--pfns", "run16", "--batch", "1"]).rows["map"]
    #expect(row?[4] == 4)
    #expect((row?[0] ?? 0) >= 4)
  }

  /// Tier 1 takes at most 8.2 bytes a page, and what was taken is given back.
  @Test(arguments: ["contig", "run16", "scattered"])
  func memoryOfTierOne(layout: String) throws {
    let script = """
      ioas A
      origin M 65536
      map A 0x200000 M 0 65536   # map
      pin A 0x200000 65536       # pin
      unpin A 0x200000 65536     # unpin
      free A                     # free
      """
    let rows = try LabProgram.run(script, ["--pfns", layout]).rows
    let store = try #require(rows["pin"]?[11])
    #expect(store > 0 && store * 10 <= 82 * 65536)
    if layout == "contig" { #expect(store < 4096) }
    #expect(rows["unpin"]?[11] == 0)
    // With a sanitizer the heap is not counted.
    if let engine = rows["pin"]?[12], engine != 0 {
      #expect(engine >= store)
      #expect(try #require(rows["free"]?[12]) < 1024)
    }
  }

  @Test func copiesAreCompared() throws {
    let script = """
      ioas A
      origin M 16
      map A 0x10000 M 3 4
      map A 0x14000 M 9 2 ro
      read A 0x10001 0x5000   # across areas
      write A 0x10fff 5       # across pages
      write A 0x13fff 2       # into what is read-only
      read A 0x15fff 2        # beyond
      """
    let result = try LabProgram.run(script, ["--pfns", "scattered"])
    #expect(result.errors == "")
    #expect(
      result.lines.filter { !$0.contains("\t") } == [
        "-:7: EPERM: write A 0x13fff 2", "-:8: ENOENT: read A 0x15fff 2",
      ])
  }
}
