// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

/// For every method a table of wrong parameters, made from the descriptions that `server.methods` answers: each
/// member missing, of every wrong type, 0, the maximum, misaligned, the id of an object of another kind and of
/// another context.
@Suite("Wrong parameters")
struct WrongParameterTests {
  static let methods = Reference.methods.map { $0.name.description }

  @Test("are refused with their exact error, and nothing has changed", arguments: methods)
  func refused(method: String) throws {
    let type = try #require(Reference.methods.first { $0.name.description == method })
    for form in Form.all(of: type.shape) {
      var scene = try Scene()
      for wrong in Wrong.all(method, form, in: scene) {
        if try !check(wrong, form, errors: type.errors, in: scene) { scene = try Scene() }
      }
    }
  }

  @Test("are all that is wrong: the same requests with honest values are granted", arguments: methods)
  func honest(method: String) throws {
    let type = try #require(Reference.methods.first { $0.name.description == method })
    for form in Form.all(of: type.shape) {
      let scene = try Scene()
      let parameters = try Honest(scene, method, form).value(form, changing: nil, .nothing)
      do {
        _ = try scene.request(method, parameters)
      } catch let failure as Failure {
        Issue.record("\(method) \(parameters.text): \(failure)")
      }
    }
  }

  @Test("are many, and a value that nothing is said about is none of them")
  func table() throws {
    let scene = try Scene()
    let all = Reference.methods.flatMap { type in
      Form.all(of: type.shape).flatMap { Wrong.all(type.name.description, $0, in: scene) }
    }
    #expect(all.count > 1000)
    let novelty = Form.Place(path: "novelty", form: .leaf(.integer(9)), isRequired: true, missing: "")
    guard case .unknown = Expectations.find("new.method", novelty, "0", []) else {
      Issue.record("an expectation that nobody said")
      return
    }
  }

  /// Answers whether the scene is as it was.
  private func check(_ wrong: Wrong, _ form: Form, errors: [Errno], in scene: Scene) throws -> Bool {
    let target = wrong.path.isEmpty ? nil : wrong.path
    let parameters: JSON
    if case .value(let value) = wrong.change, target == nil {
      parameters = value
    } else {
      parameters = try Honest(scene, wrong.method, form).value(form, changing: target, wrong.change)
    }
    let (objects, state) = (try scene.caller.objects, try scene.house.state)
    let comment = Comment(rawValue: "\(wrong): \(parameters.text.prefix(200))")
    do {
      _ = try scene.request(wrong.method, parameters)
      if case .granted = wrong.expected { return false }
      Issue.record("not refused, or there is no expectation for it: \(comment)")
      return false
    } catch let failure as Failure {
      let answered = Comment(rawValue: "\(comment) -> \(failure)")
      switch wrong.expected {
      case .misshapen(let field):
        #expect(failure.code == Failure.invalidParametersCode, answered)
        #expect(failure.field == field, answered)
        #expect(failure.message.hasPrefix(field ?? "params"), answered)
      case .refused(let errno, let field, let says):
        #expect(failure.errno == errno, answered)
        #expect(failure.field == field, answered)
        #expect(says.isEmpty || says.contains { failure.message.contains($0) }, answered)
        #expect(errors.contains(errno), "the method does not name its error: \(answered)")
      case .granted, .unknown:
        Issue.record("refused, and there is no expectation for it: \(answered)")
      }
    }
    try scene.house.runBacklog()
    #expect(try scene.caller.objects == objects, comment)
    #expect(try scene.house.state == state, comment)
    scene.house.checkInvariants()
    return true
  }
}

extension Scene {
  /// A call of `method` by whoever would make it, with one descriptor.
  func request(_ method: String, _ parameters: JSON) throws -> String {
    let line = #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(parameters.text),"fds":1}"#
    let caller = method.hasPrefix("context.") ? newcomer : caller
    let descriptor = parameters.text.contains(#""process""#) ? try Self.ownMemory() : try file.passed()
    return try house.answer(line, of: caller, [descriptor])
  }
}
