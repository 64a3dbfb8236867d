// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import Testing

@Suite struct EventLoopTests {
  @Test func `Messages of many threads arrive, each thread's in its order`() throws {
    let loop = try EventLoop()
    let mailbox = try Mailbox<(thread: Int, number: Int)>()
    var next = [0, 0, 0]
    let source = try IOSource(loop, mailbox.readiness, .readable) { _ in
      for message in mailbox.take() {
        #expect(message.number == next[message.thread])
        next[message.thread] += 1
      }
      if next == [500, 500, 500] { loop.exit(7) }
    }
    let threads = try (0..<3).map { thread in
      try #require(Thread { for number in 0..<500 { mailbox.send((thread, number)) } })
    }
    #expect(try loop.run() == 7)
    for thread in threads { thread.join() }
    withExtendedLifetime(source) {}
  }

  @Test func `What is posted again and again leaves others their turn`() throws {
    let loop = try EventLoop()
    let mailbox = try Mailbox<Int>()
    var rounds = 0
    var post: PostSource?
    post = PostSource(loop) {
      rounds += 1
      if rounds < 1000 { post?.post() } else { loop.exit(1) }
    }
    let source = try IOSource(loop, mailbox.readiness, .readable) { _ in loop.exit(0) }
    post?.post()
    mailbox.send(1)
    #expect(try loop.run() == 0)
    #expect(rounds < 5)
    withExtendedLifetime(source) {}
    post = nil
  }

  @Test func `A timer comes once, not before its time, and not when it is cancelled`() throws {
    let loop = try EventLoop()
    var calls: [String] = []
    let cancelled = try TimerSource(loop) { calls.append("cancelled") }
    let early = try TimerSource(loop, accuracy: 1) { calls.append("early") }
    let late = try TimerSource(loop, accuracy: 1) {
      calls.append("late")
      loop.exit(0)
    }
    let start = loop.now
    late.set(after: 30_000)
    cancelled.set(after: 1_000)
    early.set(after: 90_000_000)
    early.set(after: 2_000)
    cancelled.cancel()
    #expect(early.isSet && !cancelled.isSet)
    _ = try loop.run()
    #expect(calls == ["early", "late"])
    #expect(!early.isSet)
    #expect(loop.now - start >= 30_000)
  }

  @Test func `A source that is gone is silent, also from within its own handler`() throws {
    let loop = try EventLoop()
    let mailbox = try Mailbox<Int>()
    mailbox.send(1)
    var calls = 0
    var source: IOSource?
    source = try IOSource(loop, mailbox.readiness, .readable) { _ in
      calls += 1
      // Still readable, but nobody is to be told.
      source = nil
    }
    let end = try TimerSource(loop) { loop.exit(0) }
    end.set(after: 5_000)
    _ = try loop.run()
    #expect(calls == 1)
    #expect(source == nil)
  }
}
