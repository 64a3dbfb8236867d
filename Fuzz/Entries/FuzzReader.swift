// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// Reads one input as a line in every way there is. Whatever is taken must be written as JSON that is taken
/// too, and read as the same.
@_cdecl("iommu_fuzz_reader")
public func fuzzReader(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let text = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
  var scanner = Scanner()
  if case .request(let request) = unsafe Envelope.read(text, &scanner) {
    precondition(request.descriptors <= WireLimit.descriptors)
    for method in Reference.methods { tryParameters(of: method, request) }
  }
  do throws(Failure) {
    let response = try unsafe Response(text, &scanner)
    for method in Reference.methods { tryResult(of: method, response) }
  } catch {}
  do throws(Failure) {
    let reader = try unsafe scanner.scan(text, tolerant: true)
    tryValue(String.self, reader)
    tryValue(UInt64.self, reader)
    tryValue([Bytes].self, reader)
    tryValue(AddressRange.self, reader)
  } catch {}
  return 0
}

private func tryParameters<M: Method>(of method: M.Type, _ request: Request) {
  do throws(Failure) {
    check(try request.parameters(of: method))
  } catch {
    precondition(error.code == Failure.invalidParametersCode)
  }
}

private func tryResult<M: Method>(of method: M.Type, _ response: Response) {
  do throws(Failure) { check(try response.result(of: method)) } catch {}
}

private func tryValue<T: Value>(_ type: T.Type, _ reader: Reader) {
  do throws(Failure) { check(try T.read(reader, at: 0)) } catch {}
}

private func check<T: Value>(_ value: T) {
  var writer = Writer()
  value.write(to: &writer)
  var scanner = Scanner()
  let same = unsafe writer.withBytes { bytes in
    do throws(Failure) {
      return try T.read(try unsafe scanner.scan(bytes), at: 0) == value
    } catch {
      return false
    }
  }
  precondition(same, "not read as it was written")
}
