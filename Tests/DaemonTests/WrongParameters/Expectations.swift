// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// What has to happen to values of which the shape does not tell it. A method that comes new has to have its
/// values here, as far as those for every method do not say it.
enum Expectations {
  private enum Rule {
    case refused(Errno)
    /// Refused with another field than the one that holds the value; each `^` goes one object out.
    case elsewhere(Errno, String)
    case granted
  }

  /// By method, name of the member, and what is wrong with it. What a method does not say holds for all.
  private static let rules: [String: Rule] = [
    "* limit 0": .refused(.einval), "* limit maximum": .granted,
    "* after 0": .granted, "* after maximum": .granted, "* after misaligned": .granted,
    "* fd 0": .granted, "* fd maximum": .refused(.einval),
    "* length 0": .refused(.einval), "* length maximum": .refused(.eoverflow),
    "* length misaligned": .granted,
    "* iova 0": .refused(.enoent), "* iova maximum": .elsewhere(.eoverflow, "length"),
    "* iova misaligned": .granted,
    "* data empty": .refused(.einval), "* data too long": .refused(.einval),
    "* name empty": .refused(.einval), "* name too long": .refused(.einval),
    "* client empty": .refused(.einval), "* client too long": .refused(.einval),
    "* ranges empty": .refused(.einval),
    "* owner 0": .refused(.enoent), "* owner maximum": .refused(.enoent),

    "events.subscribe kinds empty": .granted, "events.unsubscribe kinds empty": .granted,
    "server.methods method empty": .refused(.enoent), "server.methods method too long": .refused(.enoent),
    "context.list after empty": .refused(.einval), "context.list after too long": .refused(.einval),

    "ioas.map length misaligned": .refused(.einval),
    "ioas.map iova 0": .granted, "ioas.map iova maximum": .refused(.einval),
    "ioas.map iova misaligned": .refused(.einval),
    "ioas.map offset 0": .granted, "ioas.map offset maximum": .elsewhere(.eoverflow, "^length"),
    "ioas.map offset misaligned": .refused(.einval),
    "ioas.map address 0": .granted, "ioas.map address maximum": .elsewhere(.eoverflow, "^length"),
    "ioas.map address misaligned": .refused(.einval),
    "ioas.unmap iova misaligned": .refused(.enoent),
    "ioas.unmap wait_ms 0": .granted, "ioas.unmap wait_ms maximum": .refused(.einval),
    "ioas.unmap wait_ms misaligned": .granted,
    "ioas.cost address 0": .granted, "ioas.cost address maximum": .elsewhere(.eoverflow, "^length"),
    "ioas.cost address misaligned": .refused(.einval),
    "ioas.cost length misaligned": .refused(.einval),
    "ioas.cost iova 0": .granted, "ioas.cost iova maximum": .refused(.einval),
    "ioas.cost iova misaligned": .refused(.einval),
    "ioas.cost offset 0": .granted, "ioas.cost offset maximum": .elsewhere(.eoverflow, "^length"),
    "ioas.cost offset misaligned": .refused(.einval),
    "ioas.cost src_iova 0": .refused(.enoent),
    "ioas.cost src_iova maximum": .elsewhere(.eoverflow, "length"),
    "ioas.cost src_iova misaligned": .refused(.einval),
    "ioas.explain iova maximum": .refused(.enoent),
    "ioas.allow_iovas ranges empty": .granted,
    "ioas.allow_iovas first 0": .granted, "ioas.allow_iovas first maximum": .elsewhere(.einval, "^"),
    "ioas.allow_iovas first misaligned": .elsewhere(.einval, "^"),
    "ioas.allow_iovas last 0": .elsewhere(.einval, "^"), "ioas.allow_iovas last misaligned": .granted,
    "ioas.allow_iovas last maximum": .elsewhere(.eaddrinuse, "^"),
    "ioas.reserve first 0": .granted, "ioas.reserve first maximum": .elsewhere(.einval, "last"),
    "ioas.reserve first misaligned": .elsewhere(.einval, "last"),
    "ioas.reserve last 0": .refused(.einval), "ioas.reserve last maximum": .elsewhere(.eaddrinuse, "first"),
    "ioas.reserve last misaligned": .elsewhere(.eaddrinuse, "first"),
    "ioas.option value 0": .refused(.einval), "ioas.option value maximum": .refused(.einval),
    "ioas.option value misaligned": .refused(.einval),
    "ioas.copy length misaligned": .refused(.einval),
    "ioas.copy src_iova 0": .refused(.enoent),
    "ioas.copy src_iova maximum": .elsewhere(.eoverflow, "length"),
    "ioas.copy src_iova misaligned": .refused(.einval),
    "ioas.copy iova 0": .granted, "ioas.copy iova maximum": .refused(.einval),
    "ioas.copy iova misaligned": .refused(.einval),

    "device.bind name empty": .granted,
    "device.bind page_sizes 0": .refused(.einval), "device.bind page_sizes maximum": .refused(.einval),
    "device.bind page_sizes misaligned": .refused(.einval), "device.bind page_sizes empty": .refused(.einval),
    "device.bind reserved empty": .granted,
    "device.bind first 0": .granted, "device.bind first misaligned": .granted,
    "device.bind first maximum": .elsewhere(.einval, "^"),
    "device.bind last 0": .elsewhere(.einval, "^"), "device.bind last misaligned": .granted,
    "device.bind aperture.last maximum": .elsewhere(.einval, "^"),
    "device.bind reserved[0].last maximum": .granted,
    "device.dma_read length maximum": .refused(.einval), "device.dma_read iova 0": .refused(.efault),
    "device.dma_write iova 0": .refused(.efault),
    "device.dma_write iova maximum": .elsewhere(.eoverflow, "data"),

    "hwpt.translate iova 0": .granted,
    "hwpt.dirty_bitmap iova 0": .granted, "hwpt.dirty_bitmap iova misaligned": .refused(.einval),
    "hwpt.dirty_bitmap length misaligned": .refused(.einval),
    "hwpt.dirty_bitmap page_size 0": .refused(.einval),
    "hwpt.dirty_bitmap page_size maximum": .refused(.einval),
    "hwpt.dirty_bitmap page_size misaligned": .refused(.einval),

    "access.pin iova misaligned": .refused(.einval),
    "* offset 0": .granted, "* offset misaligned": .granted,
    "* offset maximum": .elsewhere(.eoverflow, "length"),
    "access.read length maximum": .refused(.einval),
    "access.unpin pin 0": .refused(.enoent), "access.unpin pin maximum": .refused(.enoent),
    "access.write iova maximum": .elsewhere(.eoverflow, "data"),
  ]

  /// - Parameter says: what a message about the value has to say one of.
  static func find(_ method: String, _ place: Form.Place, _ what: String, _ says: [String]) -> Wrong.Expected
  {
    let keys = ["\(method) \(place.path)", "\(method) \(place.name)", "* \(place.name)"]
    let rule = keys.lazy.compactMap { rules["\($0) \(what)"] }.first
    switch rule {
    case .refused(let errno): return .refused(errno, field: place.path, says: says)
    case .elsewhere(let errno, let field):
      return .refused(errno, field: resolve(field, at: place.path), says: says)
    case .granted: return .granted
    case nil: return .unknown
    }
  }

  private static func resolve(_ field: String, at path: String) -> String {
    var around = path.split(separator: ".").dropLast()
    for _ in 0..<field.count(where: { $0 == "^" }) - (field == "^" ? 1 : 0) { around = around.dropLast() }
    let name = field.drop { $0 == "^" }
    return (around + (name.isEmpty ? [] : [name])).joined(separator: ".")
  }
}
