// SPDX-License-Identifier: Apache-2.0

/// One limit as an administrator sets it: `NAME=AMOUNT` is what each user may have, `UID:NAME=AMOUNT` what that one may
/// have, `all:NAME=AMOUNT` what all may have together. An amount may end in K, M, G or T, for powers of 1024.
package struct QuotaSetting: Equatable, Sendable {
  package enum Scope: Equatable, Sendable {
    case each
    case user(UInt32)
    case all
  }

  package var scope: Scope
  package var quota: Quota
  package var amount: UInt64

  package init(_ scope: Scope, _ quota: Quota, _ amount: UInt64) {
    self.scope = scope
    self.quota = quota
    self.amount = amount
  }

  /// Nil for what is none.
  package init?(_ text: String) {
    var rest = Substring(text)
    var scope = Scope.each
    if let colon = rest.firstIndex(of: ":") {
      if rest[..<colon] == "all" {
        scope = .all
      } else if let uid = UInt32(rest[..<colon]), rest.first != "+" {
        scope = .user(uid)
      } else {
        return nil
      }
      rest = rest[rest.index(after: colon)...]
    }
    guard let equals = rest.firstIndex(of: "="),
      let quota = Quota.allCases.first(where: { $0.name == rest[..<equals] }),
      let amount = Self.amount(rest[rest.index(after: equals)...])
    else { return nil }
    self.init(scope, quota, amount)
  }

  private static func amount(_ text: Substring) -> UInt64? {
    var digits = text
    var shift: UInt64 = 0
    if let last = text.last, let power = ["K", "M", "G", "T"].firstIndex(of: String(last)) {
      shift = UInt64(power + 1) * 10
      digits = text.dropLast()
    }
    guard let number = UInt64(digits), digits.first != "+", number <= .max >> shift else { return nil }
    return number << shift
  }
}

extension QuotaLimits {
  package mutating func apply(_ setting: QuotaSetting) {
    switch setting.scope {
    case .each: self[each: setting.quota] = setting.amount
    case .user(let uid): self[setting.quota, of: uid] = setting.amount
    case .all: self[whole: setting.quota] = setting.amount
    }
  }
}
