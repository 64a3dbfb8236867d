// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// Every room is held to the same rules: Swift 6 language mode, memory safety that is spelled
/// out, and no warning left standing.
let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

/// A room of the house: a library whose module carries the project's prefix.
func room(
  _ name: String, _ dependencies: [Target.Dependency], _ extra: [SwiftSetting] = []
) -> Target {
  .target(
    name: "Iommu\(name)", dependencies: dependencies, path: "Sources/\(name)",
    swiftSettings: house + extra)
}

/// The engine's release build, and the daemon's, do without the run-time half of the exclusivity check, a
/// quarter of the instructions of a small map. Debug builds and all tests have it. The client library is
/// built without this.
let engine: [SwiftSetting] = [
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
]

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name,
    dependencies: dependencies + [
      .product(name: "ArgumentParser", package: "swift-argument-parser")
    ],
    path: "Sources/\(name)", swiftSettings: house)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: dependencies, exclude: exclude, swiftSettings: house)
}

/// A C program, since that is what links with `--sanitize fuzzer`. Without `-DFUZZ` it replays its corpus.
func fuzzer(_ name: String) -> Target {
  .executableTarget(
    name: "fuzz-\(name)", dependencies: ["FuzzEntries"], path: "Fuzz/\(name)")
}

let package = Package(
  name: "iommud",
  products: [
    .library(name: "IommuClient", targets: ["IommuClient"]),
    .executable(name: "iommud", targets: ["iommud"]),
    .executable(name: "iommuctl", targets: ["iommuctl"]),
    .executable(name: "iommu-lab", targets: ["iommu-lab"]),
    .executable(name: "iommu-bench", targets: ["iommu-bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .target(name: "CLinux", path: "Sources/CLinux", cSettings: [.define("_GNU_SOURCE")]),
    .target(name: "CLabMalloc", path: "Sources/CLabMalloc"),
    .systemLibrary(
      name: "CSystemd", path: "Sources/CSystemd", pkgConfig: "libsystemd",
      providers: [.apt(["libsystemd-dev"])]),
    room("Base", ["CLinux"]),
    room("Core", ["IommuBase"], engine),
    room("Wire", ["IommuBase", "CLinux"]),
    room("Linux", ["IommuBase", "IommuCore", "CLinux"]),
    room("Daemon", ["IommuBase", "IommuCore", "IommuWire", "IommuLinux", "CSystemd"], engine),
    room("Client", ["IommuBase", "IommuWire", "CLinux"]),
    program("iommud", ["IommuDaemon", "IommuWire"]),
    program("iommuctl", ["IommuClient", "CLinux"]),
    program("iommu-lab", ["IommuCore", "IommuLinux", "CLinux", "CLabMalloc"]),
    program("iommu-bench", ["IommuClient"]),
    .target(
      name: "FuzzEntries", dependencies: ["IommuWire", "IommuDaemon", "CLinux"], path: "Fuzz/Entries",
      swiftSettings: house),
    fuzzer("reader"),
    fuzzer("framing"),
    fuzzer("session"),
    tests("Base", ["IommuBase"]),
    tests("Core", ["IommuCore"]),
    tests("Wire", ["IommuWire", "CLinux"]),
    tests("Linux", ["IommuLinux", "IommuCore", "CLinux"]),
    tests(
      "Daemon", ["IommuDaemon", "IommuWire", "IommuClient"], exclude: ["StateLog/Fixtures"]),
    tests("Client", ["IommuClient", "IommuWire"]),
    tests(
      "System", ["IommuClient", "CLinux", "iommuctl", "iommud"],
      exclude: ["python", "with-systemd", "systemd"]),
  ]
)
