internal import DeployModel
package import Hummingbird
internal import NIOCore

/// What a request carries with it: its connection, and who is at the other end once that is known.
package struct AdminContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// Set by ``Admission`` before any handler runs.
    var caller: Caller?

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}
