internal import CLinux

/// Writes `text` whole to a descriptor; what cannot be written is lost.
package func say(_ text: String, to descriptor: Int32) {
    try? PackExport.write(Array(text.utf8), to: descriptor)
}

/// Ends the process at once.
package func end(_ code: Int32) -> Never { exit(code) }

package func ignoreBrokenPipes() { pinfold_ignore_broken_pipes() }

/// Lets this process be killed by SIGALRM after so many seconds, whatever it does then.
package func endAfter(seconds: UInt32) { _ = alarm(seconds) }
