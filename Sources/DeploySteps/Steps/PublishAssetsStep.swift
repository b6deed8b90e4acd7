internal import DeployModel

/// Of the client, what nothing names yet: a disk that has no room for it is found out before anything is switched.
@Sendable func publishAssets(_ work: inout Work) throws -> StepOutcome {
    work.tools.fault.reach("publish_assets", "inside")
    let publisher = ClientPublisher(work: work)
    guard let version = try publisher.own() else { return .done(note: "no client") }
    return .done(note: "\(try publisher.publishAssets(of: version)) files")
}
