// SPDX-License-Identifier: Apache-2.0

/// Bounds that both ends of the protocol know.
public enum WireLimit {
  /// Counts breaking changes of the protocol.
  public static let protocolVersion: UInt32 = 1
  /// Bytes of a line without its newline.
  public static let lineBytes = 1 << 20
  /// Objects and arrays inside each other, the line's own object included.
  public static let depth = 32
  /// Descriptors that one line may bring.
  public static let descriptors = 16
  /// Bytes of an id, a key, once escapes are resolved.
  public static let tokenBytes = 64
  /// Bytes that one access.read, access.write, device.dma_read or device.dma_write moves.
  public static let dataBytes = 64 << 10
  /// Items of a list when the caller gives no limit.
  public static let defaultItems: UInt32 = 512
  /// Items of a list at most: they take the daemon less time than others would notice.
  public static let maximumItems: UInt32 = 512
}
