// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Plain heap memory for the engine's nodes and buffers. The allocation calls of the standard library ask for an
/// alignment on Linux, which takes glibc's slow way.
public enum Heap {
  /// `bytes` bytes, aligned to 16 and not initialised; given back with ``give(_:)``. As everywhere in Swift, no memory
  /// left is the end of the process.
  @inlinable
  public static func take(_ bytes: Int) -> UnsafeMutableRawPointer {
    guard let memory = unsafe malloc(bytes) else { preconditionFailure("out of memory") }
    return unsafe memory
  }

  @inlinable
  public static func give(_ memory: UnsafeMutableRawPointer) { unsafe free(memory) }

  /// `memory`, which ``take(_:)`` answered, with room for `bytes` bytes and perhaps elsewhere; nil, and it is as it was,
  /// without memory.
  public static func tryResize(_ memory: UnsafeMutableRawPointer, to bytes: Int) -> UnsafeMutableRawPointer? {
    unsafe realloc(memory, bytes)
  }

  /// `bytes` bytes of zeroes, aligned to 16, or nil without memory. For tables, whose owner can be refused.
  public static func tryZeroed(_ bytes: Int) -> UnsafeMutableRawPointer? { unsafe calloc(1, bytes) }

  /// A page of 4 KiB, aligned to its size and not initialised, or nil without memory.
  public static func tryPage() -> UnsafeMutableRawPointer? {
    unsafe aligned_alloc(Int(Page.size), Int(Page.size))
  }
}
