// SPDX-License-Identifier: Apache-2.0

/// Which release the daemon, the library and the command line are of.
public enum Version {
  public static let current = "0.1.0"
}
