/// What of a session outlives its process.
package struct SessionMemory: Sendable {
    package let once: OnceRing
    package let backings: BackingRecords
    /// Keeps the memory mapped.
    private let owner: any AnyObject & Sendable

    package init(once: OnceRing, backings: BackingRecords, owner: any AnyObject & Sendable) {
        self.once = once
        self.backings = backings
        self.owner = owner
    }
}
