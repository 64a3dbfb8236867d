// SPDX-License-Identifier: Apache-2.0

import CLabMalloc
import IommuBase
import IommuCore

/// Runs `body`, in which memory is taken in the engine's name, or not.
@inline(__always)
func withHeap<T, E: Error>(of owner: HeapOwner, _ body: () throws(E) -> T) throws(E) -> T {
  let before = lab_heap_set_owner(owner.rawValue)
  defer { _ = lab_heap_set_owner(before) }
  return try body()
}

enum HeapOwner: Int32 {
  case lab = 0
  case engine = 1
}

/// An origin that counts what is asked of it and fails when it was told to.
final class CountingOrigin: Origin {
  let inner: any LabOrigin
  private let bench: Bench

  init(_ inner: any LabOrigin, _ bench: Bench) {
    self.inner = inner
    self.bench = bench
  }

  var size: UInt64 { inner.size }

  func pin(
    _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
  ) throws(Refusal) -> UInt64 {
    bench.state.counts.pinCalls += 1
    if bench.state.pinFailure.step() { throw .origin(.efault, index: range.first) }
    let before = lab_heap_set_owner(HeapOwner.lab.rawValue)
    defer { _ = lab_heap_set_owner(before) }
    let pages = try inner.pin(range, for: holder, writable: writable, into: &batch)
    bench.state.counts.pagesPinned += pages
    bench.state.pinned += pages
    return pages
  }

  func unpin(_ range: IndexRange, for holder: PinHolder) {
    bench.state.counts.unpinRuns += 1
    bench.state.counts.pagesUnpinned += range.count
    bench.state.pinned -= range.count
    withHeap(of: .lab) { inner.unpin(range, for: holder) }
  }

  func index(of pfn: PFN) -> PageIndex? { inner.index(of: pfn) }

  func indexes(of run: FrameRun) -> (first: PageIndex, count: UInt64)? { inner.indexes(of: run) }

  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal) {
    try unsafe inner.read(at: offset, into: buffer)
  }

  func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal) {
    try unsafe inner.write(at: offset, from: buffer)
  }
}

/// A domain that counts what is asked of it and fails when it was told to.
final class CountingDomain: Domain {
  let inner: any Domain
  private let bench: Bench

  init(_ inner: any Domain, _ bench: Bench) {
    self.inner = inner
    self.bench = bench
    aperture = inner.aperture
    pageSizes = inner.pageSizes
  }

  let aperture: IOVARange
  let pageSizes: PageSizes

  func map(
    _ batch: borrowing RunBatch, at slot: DomainSlot, protection: Protection, singlePages: Bool
  ) throws(Refusal) {
    if bench.state.mapFailure.step() { throw .tableMemory }
    let before = lab_heap_set_owner(HeapOwner.lab.rawValue)
    defer { _ = lab_heap_set_owner(before) }
    try inner.map(batch, at: slot, protection: protection, singlePages: singlePages)
    bench.state.counts.mapRuns += singlePages ? batch.pages : UInt64(batch.count)
    bench.state.counts.pagesMapped += batch.pages
  }

  func unmap(_ range: IOVARange) {
    bench.state.counts.unmapCalls += 1
    bench.state.counts.pagesUnmapped += (range.last.rawValue - range.first.rawValue) >> Page.shift + 1
    withHeap(of: .lab) { inner.unmap(range) }
  }

  func readRuns(_ slot: DomainSlot, into batch: inout RunBatch) -> UInt64 {
    let before = lab_heap_set_owner(HeapOwner.lab.rawValue)
    defer { _ = lab_heap_set_owner(before) }
    let pages = inner.readRuns(slot, into: &batch)
    bench.state.counts.readbackCalls += 1
    bench.state.counts.pagesReadback += pages
    return pages
  }

  func translate(_ iova: IOVA) -> Translation? { inner.translate(iova) }

  func stretch(from iova: IOVA, limit: UInt64) -> (start: Translation, length: UInt64)? {
    inner.stretch(from: iova, limit: limit)
  }

  var tableBytes: UInt64 { inner.tableBytes }
}

/// Charges without a limit until it is told to fail.
final class LabAccount: PinAccount {
  private let bench: Bench

  init(_ bench: Bench) { self.bench = bench }

  func charge(pages: UInt64) throws(Refusal) {
    let charged = bench.state.charged
    if bench.state.chargeFailure.step() { throw .pinLimit(pages: pages, used: charged, limit: charged) }
    bench.state.charged = charged + pages
  }

  func uncharge(pages: UInt64) { bench.state.charged -= pages }
}
