// SPDX-License-Identifier: Apache-2.0

/// What the daemon gives out in limited amounts, per uid and in all.
package enum Quota: Int, CaseIterable, Sendable {
  case connections, contexts, objects, areas, descriptors, heldBytes, pinnedBytes, engineBytes

  /// The name that clients and options know.
  package var name: String {
    switch self {
    case .connections: "connections"
    case .contexts: "contexts"
    case .objects: "objects"
    case .areas: "areas"
    case .descriptors: "descriptors"
    case .heldBytes: "held_bytes"
    case .pinnedBytes: "pinned_bytes"
    case .engineBytes: "engine_bytes"
    }
  }
}

/// A request that a quota does not cover. Nothing was taken.
package struct QuotaExceeded: Error, Hashable {
  package var quota: Quota
  /// What the uid has taken so far.
  package var use: UInt64
  /// What was asked for on top.
  package var wanted: UInt64
  /// What the uid may have at most, given what all others have now.
  package var limit: UInt64

  package init(quota: Quota, use: UInt64, wanted: UInt64, limit: UInt64) {
    self.quota = quota
    self.use = use
    self.wanted = wanted
    self.limit = limit
  }
}

/// How much there is of each quota.
package struct QuotaLimits: Sendable {
  /// What one uid may take at most, by raw value of ``Quota``.
  private var each: [UInt64]
  /// What all uids may take together.
  private var whole: [UInt64]
  private var overrides: [UInt32: [Quota: UInt64]] = [:]

  /// - Parameters:
  ///   - memory: bytes that the daemon may use.
  ///   - descriptors: descriptors that the process may have open.
  package init(memory: UInt64, descriptors: UInt64) {
    each = Quota.allCases.map { quota in
      switch quota {
      case .connections: 128
      case .contexts: 64
      case .objects: 16_384
      case .areas: 1 << 20
      case .descriptors: 4096
      case .heldBytes: 256 << 30
      case .pinnedBytes: 1 << 30
      case .engineBytes: 128 << 20
      }
    }
    whole = Quota.allCases.map { quota in
      switch quota {
      case .connections: min(4096, descriptors / 8)
      case .contexts: 4096
      case .objects: 1 << 18
      case .areas: 1 << 23
      case .descriptors: descriptors / 2
      case .heldBytes: 16 << 40
      case .pinnedBytes: memory / 2
      case .engineBytes: memory / 4
      }
    }
  }

  package subscript(quota: Quota, of uid: UInt32) -> UInt64 {
    get { overrides.isEmpty ? each[quota.rawValue] : overrides[uid]?[quota] ?? each[quota.rawValue] }
    set { overrides[uid, default: [:]][quota] = newValue }
  }

  /// What one uid may take of `quota` when nothing else is said about it.
  package subscript(each quota: Quota) -> UInt64 {
    get { each[quota.rawValue] }
    set { each[quota.rawValue] = newValue }
  }

  /// What all uids together may take of `quota`.
  package subscript(whole quota: Quota) -> UInt64 {
    get { whole[quota.rawValue] }
    set { whole[quota.rawValue] = newValue }
  }
}
