// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

/// Memory that comes into being with the map.
extension SourceFinder {
  /// Fresh memory of whole pages, whose descriptor goes with the answer.
  func made(
    _ length: UInt64, _ hugePages: Source.HugePages, _ field: String
  ) throws(Failure) -> Found {
    guard answers.count < WireLimit.descriptors else {
      let limit = "one line answers at most \(WireLimit.descriptors) descriptors"
      throw Failure(.einval, limit, field: field)
    }
    let mask = hugePages.bytes - 1
    let size = (length + mask) & ~mask
    let price = HeldMemory.Price(descriptors: Self.descriptors, bytes: size)
    try pay(price, field)
    let payer = contexts.payer(for: session)
    do throws(QuotaExceeded) {
      try payer.take(size, of: .pinnedBytes)
    } catch {
      price.give(to: context.account)
      throw Failure(error, field: field)
    }
    do throws(Failure) {
      let frames = try contexts.frames(for: size, in: context, known: nil, field)
      let made = try Self.origin(of: size, hugePages, frames, field)
      let kept = try context.keep(made.origin.file, field)
      let memory = try newMemory(.new, kept)
      memory.take(made.origin, frames.range, price, kept)
      memory.prepay(size, by: payer)
      context.know(memory)
      answers.append((made.descriptor.release(), memory.id))
      return Found(memory: memory, writable: true, offset: 0, size: size)
    } catch {
      price.give(to: context.account)
      payer.give(size, of: .pinnedBytes)
      throw error
    }
  }

  /// An origin and a descriptor of the same memory, to be given away.
  private struct Made: ~Copyable {
    let origin: MemfdOrigin
    let descriptor: OwnedDescriptor
  }

  private static func origin(
    of size: UInt64, _ hugePages: Source.HugePages, _ frames: Frames, _ field: String
  ) throws(Failure) -> Made {
    do throws(Errno) {
      let file = try MemfdFile(new: size, huge: hugePages.kind)
      let descriptor = try file.open(write: true)
      let origin = MemfdOrigin(file, frames: frames)
      // Huge pages that were set aside are had now or not at all.
      if hugePages.kind.isReserved { try origin.reserve() }
      return Made(origin: origin, descriptor: descriptor)
    } catch {
      guard hugePages.kind.isReserved else {
        throw Failure(error, "\(size) bytes of new memory cannot be made: \(error)", field: field)
      }
      let pages = "\(size / hugePages.bytes) huge pages of \(hugePages.rawValue)"
      if error == .enomem {
        throw Failure(error, "the machine does not have \(pages) to give", field: field + ".hugepages")
      }
      throw Failure(.eopnotsupp, "\(pages) cannot be had here: \(error)", field: field + ".hugepages")
    }
  }

  /// A stretch of a process's memory, in whole pages around what is to be mapped.
  func process(
    _ index: UInt32, _ address: UInt64, _ length: UInt64, at prefix: String
  ) throws(Failure) -> Found {
    let field = prefix + "source"
    guard let file = processes[index] else {
      throw Failure(.einval, "descriptor \(index) is no memory of a process", field: field + ".fd")
    }
    guard context.log == nil else {
      let words =
        "a daemon that was restarted would not find memory of a process again, and the context persists"
      throw Failure(.eopnotsupp, words, field: field)
    }
    guard context.options.frames != .physical else {
      let words =
        "pages have the machine's frames here, which takes pins, and a process keeps its pages to itself"
      throw Failure(.eopnotsupp, words, field: field)
    }
    let skew = address & Page.offsetMask
    guard address < 1 << 63, length < 1 << 63 - address - Page.size else {
      throw Failure(Refusal.overflow(start: address, length: length), Origins(range: prefix))
    }
    let size = (skew + length + Page.offsetMask) & ~Page.offsetMask
    let price = HeldMemory.Price(descriptors: 1, bytes: size)
    try pay(price, field)
    do throws(Failure) {
      let frames = try contexts.busFrames(for: size, in: context, known: nil, field)
      let memory = try newMemory(.process)
      memory.take(ProcessOrigin(file, address: address - skew, size: size, frames: frames), frames, price)
      return Found(memory: memory, writable: file.writable, offset: skew, size: size)
    } catch {
      price.give(to: context.account)
      throw error
    }
  }
}

extension Source.HugePages {
  fileprivate var kind: MemfdFile.HugePages {
    switch self {
    case .none: .none
    case .transparent: .transparent
    case .mebibytes2: .mebibytes2
    case .gibibyte1: .gibibyte1
    }
  }

  /// Bytes of which the memory is a multiple.
  fileprivate var bytes: UInt64 {
    switch self {
    case .none, .transparent: Page.size
    case .mebibytes2: 2 << 20
    case .gibibyte1: 1 << 30
    }
  }
}
