// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

extension Daemon {
  /// The daemon with all its methods.
  package convenience init(_ options: Options) throws(StartFailure) {
    let descriptors = ProcessBudget.descriptors()
    var options = options
    // What is on its way to clients counts as open in the kernel's eyes.
    options.limits.allUnreadDescriptors = max(64, Int(clamping: descriptors / 4))
    options.limits.allWaitingDescriptors = max(256, Int(clamping: descriptors / 4))
    var limits = QuotaLimits(memory: ProcessBudget.memory(), descriptors: descriptors)
    for setting in options.quotas { limits.apply(setting) }
    try self.init(options) { [limits] ground in
      let services = Services(quotas: Quotas(limits), on: ground)
      return Rooms(routes: services.makeRoutes(), keeper: services)
    }
  }
}
