// SPDX-License-Identifier: Apache-2.0

import IommuCore
import IommuWire

/// What tables look like, in the words of the engine and in those of the wire.
extension IommuWire.TableFormat {
  var inCore: IommuCore.TableFormat {
    switch self {
    case .vtd: .vtd
    case .flat: .flat
    }
  }
}

extension IommuCore.TableFormat {
  var onWire: IommuWire.TableFormat {
    switch self {
    case .vtd: .vtd
    case .flat: .flat
    }
  }
}

extension PageSizes {
  /// Bytes of each size, ascending.
  var list: [UInt64] { (0..<64).map { UInt64(1) << $0 }.filter { rawValue & $0 != 0 } }
}
