internal import DeployModel

/// The rest of the client, its index last: from then on browsers that come get the new one. The server runs the new version already.
@Sendable func publishIndex(_ work: inout Work) throws -> StepOutcome {
    work.tools.fault.reach("publish_index", "inside")
    let publisher = ClientPublisher(work: work)
    guard let version = try publisher.own() else { return .done(note: "no client") }
    return .done(note: "\(try publisher.publish(version)) files")
}
