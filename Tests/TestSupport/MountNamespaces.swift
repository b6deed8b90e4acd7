/// How a script in a mount namespace of its own (`unshare -m`) begins. Its copies of other tests' views would keep those alive for as long as it runs.
///
/// - Parameter own: what lies below this directory stays.
package func leavingOtherViews(than own: String? = nil) -> String {
    guard let own else { return "umount -a -l -t fuse.pinfold 2>/dev/null || true\n" }
    return """
        awk -v own='\(own)/' '/ - fuse\\.pinfold / && index($5, own) != 1 { print $5 }' /proc/self/mountinfo | tac | xargs -r umount -l || true

        """
}
