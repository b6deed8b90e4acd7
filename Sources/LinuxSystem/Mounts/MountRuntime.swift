internal import CLinux
internal import PlainText

/// The names under `/run/pinfold` that the gateway's daemon and the command that starts it agree on.
package struct MountRuntime: Hashable, Sendable {
    /// Where they lie: gone with a reboot, as the mounts are.
    package static let directory = "/run/pinfold"

    package let mountpoint: String

    /// - Parameter mountpoint: absolute and resolved, as the mount table has it.
    package init(mountpoint: String) {
        self.mountpoint = mountpoint
    }

    /// Held by `flock` for as long as a daemon lives, which has written its process id into it.
    package var lock: String { "\(Self.directory)/\(name).lock" }
    /// Held by `flock` by the command that has a daemon started, until that is done or has failed.
    package var start: String { "\(Self.directory)/\(name).start" }
    /// Where a daemon that keeps a record takes in what was refused in the view; root's alone.
    package var audit: String { "\(Self.directory)/\(name).audit" }
    /// Root's alone: nobody else sees what is in it, in a view neither.
    package static let entrances = directory + "/keepers"
    /// Where a daemon that outlives the process that serves is asked for the view by one that is to take its place.
    package var entrance: String { "\(Self.entrances)/\(name)" }
    /// Root's alone, as the ones above.
    package static let feeds = directory + "/changes"
    /// Where a daemon lets others read with it what changes on the machine's file systems.
    package var feed: String { "\(Self.feeds)/\(name)" }
    /// The settings that it serves with, there from when the view answers until it ends in order; root's alone.
    package var settings: String { "\(Self.directory)/\(name).settings" }
    /// Where they wait for that, by the process that has the daemon started.
    package func preparedSettings(by process: Int32) -> String { "\(Self.directory)/.\(name).settings-\(process)" }
    /// The view has never answered; where it has, they are not there any more.
    package func removePrepared(_ settings: String?) { if let settings { unsafe unlink(settings) } }
    package func removeSettings() { unsafe unlink(settings) }
    /// Where the whole system is mounted around a view of less.
    package var surroundings: String { "\(Self.directory)/\(name).surroundings" }
    /// What a daemon in the background says.
    package var log: String { "\(Self.directory)/\(name).log" }

    /// The path as one file name, after `systemd-escape --path`: `/` becomes `-`, and what is neither letter, digit, `_`, `:` nor
    /// `.` becomes `\x2d`. Two paths never have the same one. A name that would be too long for a file ends in a hash of the rest.
    package var name: String {
        let path = mountpoint.utf8.split(separator: UInt8(ascii: "/")).joined(separator: [UInt8(ascii: "/")])
        var result = ""
        for (index, byte) in path.enumerated() {
            switch byte {
            case UInt8(ascii: "/"): result += "-"
            case UInt8(ascii: ".") where index == 0: result += "\\x2e"
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "."):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "\\x" + Hexadecimal.pair(byte)
            }
        }
        if result.isEmpty { return "-" }
        guard result.utf8.count > 200 else { return result }
        // FNV-1a over the whole: long paths that begin alike stay apart.
        let hash = result.utf8.reduce(14_695_981_039_346_656_037 as UInt64) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        return result.prefix(180) + "-" + String(hash, radix: 16)
    }
}
