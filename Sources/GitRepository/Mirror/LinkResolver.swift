/// Follows a tree's symbolic links as the kernel would, before any of them exists: each must end inside the tree.
///
/// Names alone do not tell: in `a/up/../x`, where `a/up` leads to the root, the `..` leaves the tree though no path says so.
struct LinkResolver {
    /// Targets by the link's path.
    let links: [[UInt8]: [UInt8]]
    let workLimit: Int

    /// - Throws: `hostile` for the first link, by path, that is absolute, empty, holds a NUL, leads out of the tree or goes round in a circle.
    ///   `tooLarge` where following them all takes too long: each may lead through forty others, along paths of thousands of names.
    func check() throws(GitError) {
        var work = 0
        for path in links.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let reason = objection(to: path, &work)
            guard work < workLimit else {
                throw GitError(.tooLarge, "the symbolic links lead through each other in too many steps to be followed")
            }
            if let reason {
                throw GitError(
                    .hostile,
                    "the symbolic link \(TreePath(bytes: path)) -> \(TreePath(bytes: links[path] ?? [])) cannot be deployed: \(reason)"
                )
            }
        }
    }

    private func objection(to path: [UInt8], _ work: inout Int) -> String? {
        let target = links[path] ?? []
        if target.isEmpty { return "it leads nowhere" }
        if target.contains(0) { return "its target holds a NUL" }
        if target.first == UInt8(ascii: "/") { return "its target is absolute" }
        var here = Array(path.split(separator: UInt8(ascii: "/")).dropLast())
        // The next name is the last.
        var ahead = Array(target.split(separator: UInt8(ascii: "/")).reversed())
        // As the kernel: 40 links, ELOOP.
        var followed = 0
        while let name = ahead.popLast() {
            if name.elementsEqual(".".utf8) { continue }
            if name.elementsEqual("..".utf8) {
                if here.isEmpty { return "it leads out of the tree" }
                here.removeLast()
                continue
            }
            here.append(name)
            work += here.reduce(64) { $0 + $1.count + 1 }
            guard work < workLimit else { return nil }
            guard let next = links[Array(here.joined(separator: [UInt8(ascii: "/")]))] else { continue }
            followed += 1
            if followed > 40 { return "it goes round in a circle" }
            if next.first == UInt8(ascii: "/") { return "its target is absolute" }
            here.removeLast()
            ahead += next.split(separator: UInt8(ascii: "/")).reversed()
        }
        return nil
    }
}
