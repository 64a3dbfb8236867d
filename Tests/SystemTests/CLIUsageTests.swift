// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("How the command line is used")
struct CLIUsageTests {
  @Test(
    "command lines that make no sense end with 64 and say why",
    arguments: [
      ("no such", "unexpected arguments"),
      ("-j -q status", "--json and --quiet exclude each other"),
      ("ioas map 1", "Give one of --file, --size, --fd, --memory, --source and --process."),
      (
        "ioas map 1 --size 1K --memory 3",
        "Give one of --file, --size, --fd, --memory, --source and --process."
      ),
      ("ioas map 1 --size 1KB", "'1KB' is invalid"),
      ("ioas map 1 --size 1K --offset 4K", "--offset goes with --fd and --memory."),
      ("ioas map 1 --size 1K --length 4K", "--length goes with --fd, --memory, --source and --process."),
      ("ioas map 1 --process 1@0x1000", "--process needs a --length."),
      ("ioas map 1 --process 1:0x1000", "The value '1:0x1000' is invalid for '--process <pid@address>'"),
      ("ioas map 1 --source memory:x", "The value 'memory:x' is invalid for '--source <memory:id[+bytes]>'"),
      ("ioas map 1 --fd 3 --hugepages 2M", "--hugepages goes with --size."),
      ("ioas map 1 --size 1K --iova 4K", "'4K' is invalid"),
      ("ioas map 1 --size 1K --read-only --write-only", "exclude each other"),
      ("ioas cost 1", "Give one of --file, --size, --fd, --memory, --source, --process and --from."),
      ("ioas cost 1 --from 2", "--from and --range go together."),
      ("ioas cost 1 --from 2 --range 0x1000", "Ranges are FIRST-LAST or FIRST+LENGTH."),
      ("ioas copy 1 0-0xffffffffffffffff 2", "2^64"),
      ("ioas allow 1", "Give either ranges or --any."),
      ("ioas allow 1 --any 0x1000+4K", "Give either ranges or --any."),
      ("ioas reserve 1 0x1000", "Ranges are FIRST-LAST or FIRST+LENGTH."),
      ("ioas option 1 colour", "'colour' is invalid"),
      ("ioas unmap 1", "Give either a range or --all."),
      ("ioas unmap 1 --all 0x1000", "Give either a range or --all."),
      ("access read 1 0x1000", "Missing a length"),
      ("access read 1 0x1000-0xfff", "'0x1000-0xfff' is invalid"),
      ("access read 1 0x1000+4K 4K", "says the same twice"),
      ("access read 1 0-0xffffffffffffffff", "2^64"),
      ("access read 1 0xfffffffffffff000 8K", "passes the last address"),
      ("device bind --reserve 0x1000", "Ranges are FIRST-LAST or FIRST+LENGTH."),
      ("device bind --format wax", "one of 'vtd' and 'flat'"),
      ("call - '{}'", "parameters come from standard input"),
    ])
  func usage(_ arguments: String, _ reason: String) throws {
    // No daemon is asked.
    let path = "\(try CLIDaemon.programs()):/usr/bin:/bin"
    let shell = try Spawned(
      ["/bin/sh", "-c", "iommuctl \(arguments)"], ["PATH": path, "IOMMUD_SOCKET": "/none"])
    let text = shell.readAll()
    #expect(text.contains(reason), "\(text)")
    #expect(shell.wait() == 64)
  }

  private struct Tool: Decodable {
    struct Command: Decodable {
      struct Argument: Decodable {
        struct Name: Decodable { var name: String }
        var names: [Name]?
      }
      var commandName: String
      var subcommands: [Command]?
      var arguments: [Argument]?

      /// Itself, or the commands below it that do something.
      var verbs: [Command] {
        guard let subcommands, !subcommands.isEmpty else { return commandName == "help" ? [] : [self] }
        return subcommands.flatMap(\.verbs)
      }
    }
    var command: Command
  }

  @Test("every verb takes every option of output and connection")
  func everyVerb() throws {
    let dump = try Spawned(["\(try CLIDaemon.programs())/iommuctl", "--experimental-dump-help"], [:])
    let tool = try JSONDecoder().decode(Tool.self, from: Data(dump.readAll().utf8))
    let verbs = tool.command.verbs
    #expect(verbs.count > 25)
    for verb in verbs {
      let names = Set((verb.arguments ?? []).flatMap { $0.names ?? [] }.map(\.name))
      #expect(
        names.isSuperset(of: ["json", "j", "quiet", "q", "no-legend", "socket", "context"]),
        "\(verb.commandName)")
    }
  }

  @Test(
    "a pin is held until Ctrl-C, or until standard input ends, and is gone then", arguments: [true, false])
  func holding(_ interrupts: Bool) throws {
    let daemon = try CLIDaemon()
    _ = try daemon.run("iommuctl -q ioas alloc; iommuctl -q ioas map 1 --size 4K --iova 0x1000")
    let access = try daemon.run("iommuctl -q access create 1").trimmingCharacters(in: .newlines)
    let pin = try daemon.start(["access", "pin", access, "0x1000+4K", "--quiet"])
    #expect(try pin.read(until: "\n") == "1\n")
    let unmap = "iommuctl ioas unmap 1 0x1000"
    #expect(try daemon.run(unmap).hasPrefix("iommuctl: EBUSY: "))
    if interrupts { pin.signal(SIGINT) } else { pin.endInput() }
    #expect(pin.wait() == 0)
    #expect(try daemon.run(unmap) == "unmapped 4096 bytes (4 KiB)\n")
  }

  @Test("whoever holds a pin learns that the daemon is gone")
  func daemonEnds() throws {
    var daemon: CLIDaemon? = try CLIDaemon()
    _ = try daemon?.run(
      "iommuctl ioas alloc; iommuctl ioas map 1 --size 4K --iova 0x1000; iommuctl access create 1")
    let pin = try #require(try daemon?.start(["access", "pin", "4", "0x1000+4K", "--quiet"]))
    _ = try pin.read(until: "1\n")
    daemon = nil
    #expect(pin.readAll() == "iommuctl: iommud closed the connection, and the pin is gone\n")
    #expect(pin.wait() == 3)
  }
}
