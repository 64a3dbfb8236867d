// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// One event: what the notification `event` carries.
public struct Event: Members {
  /// Counts the events of this connection from 1, those that were left out too.
  public var seq: UInt64 = 0
  /// The user and the name of the context where it happened, for who listens to all contexts.
  public var owner: UInt32?
  public var context: String?
  public var body = Body.lost(Lost())

  public init() {}

  public init(seq: UInt64, owner: UInt32? = nil, context: String? = nil, _ body: Body) {
    self.seq = seq
    self.owner = owner
    self.context = context
    self.body = body
  }

  public var kind: EventKind { body.kind }

  /// What happened.
  public enum Body: Equatable, Sendable {
    case unmapRequested(UnmapRequested)
    case pinRevoked(PinRevoked)
    case fault(DMAFault)
    case contextDestroyed(ContextDestroyed)
    case contextDegraded(ContextDegraded)
    case framesChanged(FramesChanged)
    case lost(Lost)

    public var kind: EventKind {
      switch self {
      case .unmapRequested: .unmapRequested
      case .pinRevoked: .pinRevoked
      case .fault: .fault
      case .contextDestroyed: .contextDestroyed
      case .contextDegraded: .contextDegraded
      case .framesChanged: .framesChanged
      case .lost: .lost
      }
    }

    /// What an event of `kind` looks like, before its members are read.
    fileprivate init(placeholder kind: EventKind) {
      switch kind {
      case .unmapRequested: self = .unmapRequested(UnmapRequested())
      case .pinRevoked: self = .pinRevoked(PinRevoked())
      case .fault: self = .fault(DMAFault())
      case .contextDestroyed: self = .contextDestroyed(ContextDestroyed())
      case .contextDegraded: self = .contextDegraded(ContextDegraded())
      case .framesChanged: self = .framesChanged(FramesChanged())
      case .lost: self = .lost(Lost())
      }
    }

    fileprivate mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      switch self {
      case .unmapRequested(var body):
        try body.visit(&visitor)
        self = .unmapRequested(body)
      case .pinRevoked(var body):
        try body.visit(&visitor)
        self = .pinRevoked(body)
      case .fault(var body):
        try body.visit(&visitor)
        self = .fault(body)
      case .contextDestroyed(var body):
        try body.visit(&visitor)
        self = .contextDestroyed(body)
      case .contextDegraded(var body):
        try body.visit(&visitor)
        self = .contextDegraded(body)
      case .framesChanged(var body):
        try body.visit(&visitor)
        self = .framesChanged(body)
      case .lost(var body):
        try body.visit(&visitor)
        self = .lost(body)
      }
    }
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("seq", &seq, "counts the events of this connection from 1, those left out too")
    try visitor.option("owner", &owner, "uid of the context's user, for who listens to all contexts")
    try visitor.option("context", &context, "the context's name, for who listens to all contexts")
    var kind = kind
    try visitor.kinds("kind", &kind, "what happened") { (visitor: inout V, kind) throws(Failure) in
      if kind != body.kind { body = Body(placeholder: kind) }
      try body.visit(&visitor)
    }
  }
}

/// Somebody wants to unmap what an access holds pinned, and waits for its pins to go.
public struct UnmapRequested: Members {
  public var ioas: UInt32 = 0
  public var access: UInt32 = 0
  /// The pins that stand in the way, or the first of very many.
  public var pins: [UInt32] = []
  /// All of these pins lie here.
  public var first = IOVA(0)
  public var last = IOVA(0)
  /// Milliseconds for which the unmap waits at most, from now on.
  public var milliseconds: UInt32 = 0

  public init() {}

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("ioas", &ioas, "address space")
    try visitor.member("access", &access, "access that holds the pins")
    try visitor.member("pins", &pins, "those in the way, at most 1000")
    try visitor.member("first", &first, "the first address that they cover")
    try visitor.member("last", &last, "the last address that they cover, inclusive")
    try visitor.member("wait_ms", &milliseconds, "how long the unmap waits at most, from now on")
  }
}

/// Pins are gone although nobody has let them go.
public struct PinRevoked: Members {
  public var ioas: UInt32 = 0
  public var access: UInt32 = 0
  /// The pins, or the first of very many.
  public var pins: [UInt32] = []

  public init() {}

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("ioas", &ioas, "address space")
    try visitor.member("access", &access, "access that held the pins")
    try visitor.member("pins", &pins, "those that are gone, at most 1000")
  }
}

/// A device's DMA met a missing or forbidden translation.
public struct DMAFault: Members {
  public var device: UInt32 = 0
  /// The first address at fault.
  public var iova = IOVA(0)
  /// Bytes of the same DMA that were moved before.
  public var done: UInt64 = 0
  /// Whether the device was writing to memory.
  public var write = false

  public init() {}

  public init(device: UInt32, iova: IOVA, done: UInt64, write: Bool) {
    self.device = device
    self.iova = iova
    self.done = done
    self.write = write
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("device", &device, "device")
    try visitor.member("iova", &iova, "the first address at fault")
    try visitor.member("done", &done, "bytes that were moved before")
    try visitor.member("write", &write, "whether the device was writing to memory")
  }
}

/// A context goes, with everything in it.
public struct ContextDestroyed: Members {
  /// Objects that go with it.
  public var objects: UInt64 = 0

  public init() {}
  public init(objects: UInt64) { self.objects = objects }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("objects", &objects, "objects that go with it")
  }
}

/// A context came back after a restart, and some of its memory could not be pinned again.
public struct ContextDegraded: Members {
  /// Areas where devices fault.
  public var areas: UInt64 = 0

  public init() {}
  public init(areas: UInt64) { self.areas = areas }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("areas", &areas, "areas where devices fault until ioas.repin succeeds")
  }
}

/// A context came back after a restart, and its pages have other frames of the machine than before.
public struct FramesChanged: Members {
  public init() {}

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {}
}

/// Events were left out, since those before them were not read.
public struct Lost: Members {
  public var lost: UInt64 = 0

  public init() {}
  public init(lost: UInt64) { self.lost = lost }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("lost", &lost, "events that were left out, up to seq and including it")
  }
}
