// SPDX-License-Identifier: Apache-2.0

/// A namespace of objects. Confined to the loop.
package final class Context {
  package init() {}
}
