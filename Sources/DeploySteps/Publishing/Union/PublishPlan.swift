/// In which order the files of a version take their places, so that at no moment a page is there that names a file which is not.
package struct PublishPlan: Hashable, Sendable {
    package enum Step: Hashable, Sendable {
        case put(String)
        case remove(String)
    }

    /// What nothing names yet: harmless at any time.
    package private(set) var assets: [Step] = []
    /// The rest, the index last.
    package private(set) var pages: [Step] = []

    /// - Parameters:
    ///   - files: the version's.
    ///   - there: whether a file of the version is in its place already.
    ///   - others: files of other versions, of which some may be in their places.
    package init(_ files: [String: ClientFileKind], there: Set<String>, others: [String: ClientFileKind]) {
        func puts(_ kind: ClientFileKind) -> [Step] {
            let originals = files.filter { $0.value == kind && !isVariant($0.key, files) }.keys.sorted()
            return originals.flatMap { path -> [Step] in
                var steps: [Step] = []
                for variant in ClientPath.variants.map({ path + $0 }) {
                    if files[variant] != nil {
                        if !there.contains(variant) { steps.append(.put(variant)) }
                    } else if others[variant] != nil {
                        // Of another version, and handed out in the place of what comes now.
                        steps.append(.remove(variant))
                    }
                }
                return there.contains(path) ? steps : steps + [.put(path)]
            }
        }
        assets = puts(.hashed)
        pages = puts(.plain) + puts(.entry) + puts(.index)
        // What browsers come back to by its name, a service worker first of all. All else stays for pages that are open, until its version goes.
        let gone = others.filter {
            ($0.value == .entry || $0.value == .index) && files[$0.key] == nil && !isVariantOfOne($0.key, files)
        }
        let withdrawn = gone.keys.sorted().map { Step.remove($0) }
        pages = files[ClientPath.index] == nil ? withdrawn + pages : pages + withdrawn
    }

    private func isVariant(_ path: String, _ files: [String: ClientFileKind]) -> Bool {
        ClientPath.original(of: path).map { files[$0] != nil } ?? false
    }

    /// Whether the file that it stands for is one of the version: it was seen to with that.
    private func isVariantOfOne(_ path: String, _ files: [String: ClientFileKind]) -> Bool { isVariant(path, files) }
}
