internal import LinuxSystem
internal import Patterns

/// What a confined tool sees of the host beside its own directories, as mounts: programs, libraries, and what these need to know.
package struct HostParts: Hashable, Sendable {
    /// Below what the fence makes for itself.
    var base: [Fence.Mount]
    /// In or over it.
    var over: [Fence.Mount]
    /// Directories of these in which nothing can be created.
    var sealed: [String]

    /// Programs, libraries and the few settings that reading a stranger's objects needs.
    package static var few: HostParts {
        HostParts(base: programs + [.empty(at: "/etc")] + settings, over: [], sealed: [])
    }

    /// What a runtime that the distribution installed needs: all of `/etc`, what packages made of themselves below `/var`, the processors in `/sys`; and
    /// what the admin adds. As the agent sees it: modes of files hold, and hidden names are covered, sockets and FIFOs too.
    ///
    /// - Parameters:
    ///   - hide: patterns of what does not exist for the agent (AGENT_VIEW_HIDE).
    ///   - read: further files and directories, where they are on the host.
    /// - Throws: where one of `read` cannot be shown, a sentence that names it.
    package static func all(hiding hide: [String], reading read: [String]) throws(FenceError) -> HostParts {
        let cover = try Cover(hide)
        var parts = HostParts(base: programs, over: [], sealed: [])
        if FileKind.at("/etc") == .directory {
            parts.base.append(.readOnly("/etc", at: "/etc"))
            let tree = try cover.tree(at: "/etc", of: "/etc")
            parts.base += tree.covers
            parts.over += tree.targets
        }
        for path in processorData where FileKind.at(path) == .directory { parts.over.append(.readOnly(path, at: path)) }
        for path in packageData where FileKind.at(path) == .directory {
            parts.over.append(.readOnly(path, at: path))
            parts.over += try cover.tree(at: path, of: path).covers
        }
        // What is in another comes after it.
        for path in read.sorted(by: { $0.utf8.count < $1.utf8.count }) {
            guard let source = canonicalPath(path), let kind = FileKind.at(source) else {
                throw FenceError("AGENT_DEPLOY_TEST_READ: \(path) does not exist", kind: .configuration)
            }
            guard !cover.hides(source), !cover.hides(path) else {
                throw FenceError("AGENT_DEPLOY_TEST_READ: \(path) is hidden by AGENT_VIEW_HIDE", kind: .configuration)
            }
            guard kind == .directory || FileKind.at(source) == .regular else {
                throw FenceError("AGENT_DEPLOY_TEST_READ: \(path) is neither a file nor a directory", kind: .configuration)
            }
            parts.over.append(.readOnly(source, at: path))
            if kind == .directory {
                parts.over += try cover.tree(at: path, of: source).covers
                parts.sealed.append(path)
            }
        }
        return parts
    }

    /// The host's programs and libraries.
    private static var programs: [Fence.Mount] {
        var mounts: [Fence.Mount] = []
        for directory in ["/usr", "/opt"] where FileKind.at(directory) == .directory {
            mounts.append(.readOnly(directory, at: directory))
        }
        for name in ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"] {
            switch FileKind.at(name) {
            // Merged into /usr, as on Debian: the same links.
            case .symbolicLink:
                guard let target = try? linkText(at: name) else { continue }
                mounts.append(.symbolicLink(to: String(decoding: target, as: UTF8.self), at: name))
            case .directory: mounts.append(.readOnly(name, at: name))
            default: continue
            }
        }
        if let runtime = SwiftRuntime.directory, !runtime.hasPrefix("/opt/") {
            mounts.append(.readOnly(runtime, at: runtime))
        }
        return mounts
    }

    private static var settings: [Fence.Mount] {
        let names = [
            "alternatives", "group", "host.conf", "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias", "localtime",
            "nsswitch.conf", "os-release", "passwd", "ssl/certs", "ssl/openssl.cnf", "timezone",
        ]
        return names.compactMap { name in
            // A link into what is not shown would dangle: what it leads to is bound in its stead.
            canonicalPath("/etc/" + name).map { .readOnly($0, at: "/etc/" + name) }
        }
    }

    /// What packages of runtimes keep below `/var`: registries, formats and caches that are made when they are installed. What services write is not among
    /// it: whoever needs that names it in AGENT_DEPLOY_TEST_READ.
    private static let packageData = [
        "/var/lib/aspell", "/var/lib/common-lisp", "/var/lib/dictionaries-common", "/var/lib/dpkg", "/var/lib/emacsen-common",
        "/var/lib/gems", "/var/lib/ghc", "/var/lib/ghostscript", "/var/lib/ispell", "/var/lib/javascript", "/var/lib/mecab",
        "/var/lib/ocaml", "/var/lib/php/modules", "/var/lib/python", "/var/lib/sgml-base", "/var/lib/tex-common", "/var/lib/texmf",
        "/var/lib/xml-core", "/var/cache/fontconfig", "/var/cache/man",
    ]

    /// How many processors there are, and what kind: `nproc`, `lscpu`, allocators and browsers ask.
    private static let processorData = ["/sys/devices/system", "/sys/kernel/mm/transparent_hugepage"]
}
