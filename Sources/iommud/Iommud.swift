// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import IommuDaemon
import IommuWire

@main
struct Iommud: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "iommud",
    abstract: "Owns I/O address spaces and serves them on Unix sockets.",
    discussion: """
      Sockets are handed over by systemd (FileDescriptorName= user, observer or admin) or made with --listen.
      """,
    version: Version.current)

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Make a socket, for the role user, observer or admin (default: user). Can be given more than once.",
      valueName: "[role:]path"))
  var listen: [ListenAddress] = []

  @Option(
    name: .customLong("exit-idle"),
    help: ArgumentHelp(
      "End after this many seconds without connections and without state.", valueName: "seconds"))
  var idleSeconds: UInt64?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Set what each user, one user or all together may have of a quota. Can be given more than once.",
      discussion: """
        Quotas are connections, contexts, objects, areas, descriptors, held_bytes, pinned_bytes and engine_bytes. \
        Amounts may end in K, M, G or T.
        """, valueName: "[uid:|all:]name=amount"))
  var quota: [QuotaSetting] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Record all requests and answers in a new file, for `iommuctl replay`.",
      discussion: """
        The file is for its owner alone, since it holds what clients read and write. Where it exists, FILE.1 is made, \
        or FILE.2, and so on.
        """, valueName: "file"), completion: .file())
  var trace: String?

  func run() throws {
    ProcessSetup.prepare()
    var options = Daemon.Options()
    options.listen = listen
    options.isService = true
    options.takesSignals = true
    options.idleSeconds = idleSeconds
    options.quotas = quota
    options.trace = trace
    let daemon: Daemon
    do {
      daemon = try Daemon(options)
      guard daemon.listenerCount > 0 else {
        throw StartFailure("no socket was handed over; start it by systemd or with --listen PATH")
      }
    } catch {
      options.journal.log(.error, .startFailed, "cannot start: \(error)")
      throw ExitCode.failure
    }
    // What named contexts hold goes with the process: the kernel takes all of it back at once, pins too.
    withExtendedLifetime(daemon) { Glibc.exit(daemon.run()) }
  }
}

extension ListenAddress: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

extension QuotaSetting: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
