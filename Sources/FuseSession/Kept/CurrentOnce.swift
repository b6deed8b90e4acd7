internal import CFuse3
package import LinuxSystem

/// The request that this thread serves, where that is one that must not be done twice.
@safe package enum CurrentOnce {
    private static let current = ThreadSlot()

    private static var slot: UnsafeMutablePointer<OnceSlot>? {
        unsafe current.pointer.map { unsafe UnsafeMutablePointer(mutating: $0.assumingMemoryBound(to: OnceSlot.self)) }
    }

    static func serve(_ slot: UnsafeMutablePointer<OnceSlot>, _ body: () -> Void) {
        unsafe current.set(UnsafeRawPointer(slot))
        body()
        unsafe current.set(nil)
    }

    /// What is known of a request that a process which was killed had begun, and may have carried out: any of its system calls, or none.
    package struct Earlier: Hashable, Sendable {
        /// What it makes anew was made then or later: file systems' times are never behind this clock.
        package let began: Timestamp
        /// What was remembered by `remember`; 0 where it did not come to that.
        package let before: UInt64
        /// What it has opened, and counted.
        package let opened: NodeID?
    }

    /// nil for a request that is served for the first time.
    package static var earlier: Earlier? {
        guard let slot = unsafe slot, unsafe slot.pointee.phase == OnceSlot.Phase.begunAgain else { return nil }
        let found = unsafe slot.pointee
        return Earlier(
            began: Timestamp(seconds: found.beganSeconds, nanoseconds: found.beganNanoseconds), before: found.before,
            opened: found.opened == 0 ? nil : NodeID(rawValue: found.opened))
    }

    /// Keeps a number by which whoever does this again can tell whether it was done.
    package static func remember(_ before: UInt64) {
        guard let slot = unsafe slot else { return }
        unsafe slot.pointee.before = before
        settle()
    }

    /// The request has counted an open of `node`, and a lookup where it makes or finds by name.
    package static func opened(_ node: NodeID?) {
        guard let slot = unsafe slot else { return }
        settle()
        unsafe slot.pointee.opened = node?.rawValue ?? 0
    }

    /// The request counts as carried out from now on, with success and no more to say, before what it does is done: where to leave that undone is less
    /// of an evil than to do it twice.
    package static func isAsGoodAsDone() {
        guard let slot = unsafe slot else { return }
        unsafe keep(0, UnsafeRawBufferPointer(start: nil, count: 0), in: slot)
    }

    /// The answer to the request `unique`, before it is written.
    ///
    /// It may be to another one than this thread serves: before libfuse has one served, it answers EAGAIN to the oldest interrupt that it has whose request
    /// it does not know. A server before may have known that.
    static func answered(_ unique: UInt64, _ error: Int32, _ bytes: UnsafeRawBufferPointer) {
        guard let slot = unsafe slot, unsafe slot.pointee.unique == unique & ~OnceRing.resent else { return }
        unsafe keep(error, bytes, in: slot)
    }

    private static func keep(_ error: Int32, _ bytes: UnsafeRawBufferPointer, in slot: UnsafeMutablePointer<OnceSlot>) {
        guard bytes.count <= MemoryLayout<OnceSlot.Answer>.size else { return }
        unsafe slot.pointee.error = error
        unsafe slot.pointee.length = UInt32(bytes.count)
        unsafe withUnsafeMutableBytes(of: &slot.pointee.answer) { unsafe $0.copyMemory(from: bytes) }
        settle()
        unsafe slot.pointee.phase = OnceSlot.Phase.done
        settle()
    }
}
