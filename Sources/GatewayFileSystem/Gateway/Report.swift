internal import CLinux

/// What the daemon says to its log, standard error: whole lines, in one write each.
package enum Report {
    package static func say(_ line: String) { write("pinfold-mount: \(line)\n") }

    static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            // Nobody may read; there is nothing to do about that.
            _ = unsafe CLinux.write(2, bytes.baseAddress, bytes.count)
        }
    }
}
