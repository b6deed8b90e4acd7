internal import LinuxSystem
internal import Logging

/// Passes everything on until the server is being stopped: from then on the library below it reports its own cancellation as an error.
struct StoppingLogHandler: LogHandler {
    private var base: any LogHandler
    private let isStopping: Lock<Bool>

    static func logger(_ base: Logger, isStopping: Lock<Bool>) -> Logger {
        var logger = base
        logger.handler = StoppingLogHandler(base: base.handler, isStopping: isStopping)
        return logger
    }

    func log(event: LogEvent) {
        if !isStopping.withLock({ $0 }) { base.log(event: event) }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }

    var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }

    var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }
}
