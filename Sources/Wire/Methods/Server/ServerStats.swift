// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Counts of what is held now and of what has happened so far.
public struct ServerStats: Method {
  public static let name: StaticString = "server.stats"
  public static let summary: StaticString = "Counts what is held now and what has happened so far."
  public static let errors: [Errno] = []

  public init() {}
  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {}

  public struct Result: Members {
    public var state = State()
    public var totals = Totals()
    /// What the owner of the caller's context has, and may have.
    public var quotas: [Quota] = []

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("state", &state, "what is held now")
      try visitor.member("totals", &totals, "what has happened since the start")
      try visitor.member("quotas", &quotas, "what the owner of the caller's context has, and may have")
    }
  }

  /// One quota of one user.
  public struct Quota: Members, Equatable {
    public var quota = ""
    /// What the user has.
    public var used: UInt64 = 0
    /// What the user may have at most, given what all others have now.
    public var limit: UInt64 = 0
    /// What all users have together.
    public var usedByAll: UInt64 = 0
    /// What all users may have together.
    public var limitOfAll: UInt64 = 0

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("quota", &quota, "its name")
      try visitor.member("used", &used, "what the user has")
      try visitor.member("limit", &limit, "what the user may have, given what all others have now")
      try visitor.member("used_by_all", &usedByAll, "what all users have together")
      try visitor.member("limit_of_all", &limitOfAll, "what all users may have together")
    }
  }

  /// What is held now.
  public struct State: Members {
    public var connections: UInt64 = 0
    public var contexts: UInt64 = 0
    public var objects = Objects()
    public var areas: UInt64 = 0
    public var pins: UInt64 = 0
    public var pinnedPages: UInt64 = 0
    public var pinnedBytes: UInt64 = 0
    public var chargedPages: UInt64 = 0
    public var descriptors: UInt64 = 0
    public var heldBytes: UInt64 = 0
    public var engineBytes: UInt64 = 0
    /// Workers that do not come back.
    public var stuckWorkers: UInt64 = 0

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("connections", &connections, "open connections")
      try visitor.member("contexts", &contexts, "contexts, anonymous ones included")
      try visitor.member("objects", &objects, "objects of every context by kind")
      try visitor.member("areas", &areas, "mapped areas")
      try visitor.member("pins", &pins, "pins that accesses hold")
      try visitor.member("pinned_pages", &pinnedPages, "pages pinned or locked in memory")
      try visitor.member("pinned_bytes", &pinnedBytes, "the same in bytes")
      try visitor.member("charged_pages", &chargedPages, "pages charged to users, pinned or about to be")
      try visitor.member("descriptors", &descriptors, "client descriptors held")
      try visitor.member("held_bytes", &heldBytes, "sizes of the files behind them")
      try visitor.member("engine_bytes", &engineBytes, "memory of I/O page tables and stores")
      try visitor.member("stuck_workers", &stuckWorkers, "workers that do not come back")
    }
  }

  /// Objects by kind.
  public struct Objects: Members {
    public var ioas: UInt64 = 0
    public var device: UInt64 = 0
    public var hwpt: UInt64 = 0
    public var access: UInt64 = 0
    public var memory: UInt64 = 0
    public var pages: UInt64 = 0

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("ioas", &ioas, "address spaces")
      try visitor.member("device", &device, "emulated devices")
      try visitor.member("hwpt", &hwpt, "I/O page tables")
      try visitor.member("access", &access, "accesses")
      try visitor.member("memory", &memory, "memory origins")
      try visitor.member("pages", &pages, "slices of memory that maps made")
    }
  }

  /// What has happened since the start.
  public struct Totals: Members {
    public var connections: UInt64 = 0
    public var requests: UInt64 = 0
    public var errors: UInt64 = 0
    public var descriptors: UInt64 = 0
    public var maps: UInt64 = 0
    public var mappedBytes: UInt64 = 0
    public var unmaps: UInt64 = 0
    public var unmappedBytes: UInt64 = 0
    public var pins: UInt64 = 0
    public var unpins: UInt64 = 0
    public var copiedBytes: UInt64 = 0
    public var dmaFaults: UInt64 = 0
    public var jobs: UInt64 = 0
    /// Microseconds that the loop was longest away from all clients.
    public var loopGap: UInt64 = 0

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("connections", &connections, "connections accepted")
      try visitor.member("requests", &requests, "lines answered")
      try visitor.member("errors", &errors, "of these, with an error")
      try visitor.member("descriptors", &descriptors, "descriptors received")
      try visitor.member("maps", &maps, "areas mapped")
      try visitor.member("mapped_bytes", &mappedBytes, "bytes of them")
      try visitor.member("unmaps", &unmaps, "areas unmapped")
      try visitor.member("unmapped_bytes", &unmappedBytes, "bytes of them")
      try visitor.member("pins", &pins, "pins of accesses made")
      try visitor.member("unpins", &unpins, "pins of accesses given back")
      try visitor.member("copied_bytes", &copiedBytes, "bytes moved by reads and writes, DMA included")
      try visitor.member("dma_faults", &dmaFaults, "DMA that met no translation or no right")
      try visitor.member("jobs", &jobs, "requests that went to a worker")
      try visitor.member("loop_gap", &loopGap, "microseconds that the loop was longest away from all clients")
    }
  }
}
