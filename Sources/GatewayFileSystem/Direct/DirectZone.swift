internal import LinuxSystem
internal import SystemPackage

/// A zone that the kernel serves by itself, before it is attached to its place in the view.
struct DirectZone: ~Copyable {
    /// Below the view's root.
    let place: String
    let mount: DetachedMount

    consuming func attach(to directory: borrowing Descriptor) throws(Errno) { try mount.attach(to: directory) }
}
