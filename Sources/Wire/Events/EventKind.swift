// SPDX-License-Identifier: Apache-2.0

/// What a client may be told without having asked.
public enum EventKind: String, Enumeration {
  /// Somebody wants to unmap what an access holds pinned.
  case unmapRequested = "access.unmap_requested"
  /// Pins were taken away from whoever held them.
  case pinRevoked = "pin.revoked"
  /// A device's DMA met a missing or forbidden translation.
  case fault = "dma.fault"
  /// A context goes, with everything in it.
  case contextDestroyed = "context.destroyed"
  /// A context came back after a restart, and some of its memory could not be pinned again.
  case contextDegraded = "context.degraded"
  /// A context came back after a restart, and its pages have other frames of the machine than before.
  case framesChanged = "context.frames_changed"
  /// Events were left out, since they were not read.
  case lost

  /// Every kind that can be subscribed to: ``lost`` is always told.
  public static let subscribable = allCases.filter { $0 != .lost }
}
