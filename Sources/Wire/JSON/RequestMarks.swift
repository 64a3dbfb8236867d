// SPDX-License-Identifier: Apache-2.0

/// What a request says about itself besides its method and parameters.
package struct RequestMarks: Sendable {
  /// With which it can be sent again.
  package var key: String?
  /// Tells it from others with the same key; 0 without one.
  package var digest: UInt64
  /// Bytes of its parameters.
  package var bytes: Int

  package init() {
    digest = 0
    bytes = 0
  }

  package init(_ request: Request) {
    key = request.key
    digest = request.key == nil ? 0 : request.digest
    bytes = request.parametersLength
  }
}
