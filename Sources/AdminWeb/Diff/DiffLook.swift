package import AdminInterface

/// How a change is looked at, as far as an address keeps it.
package struct DiffLook: Hashable, Sendable {
    /// Old and new side by side.
    package var isSplit = false
    /// Lines that differ in white space alone are shown as unchanged ones.
    package var hidesSpace = false
    /// What it is compared with.
    package var base = DiffBase.deployed

    /// Unchanged lines around each change.
    package var context = Query.usualContext
    /// What the page offers instead.
    static let moreContext = 30

    package init() {}

    /// The parameters of an address, those that differ from what is usual.
    var query: String {
        (isSplit ? "&split=1" : "") + (hidesSpace ? "&space=0" : "") + (base == .deployed ? "" : "&against=\(base)")
            + (context == Query.usualContext ? "" : "&context=\(context)")
    }

    package func with(_ change: (inout DiffLook) -> Void) -> DiffLook {
        var look = self
        change(&look)
        return look
    }
}
