internal import LinuxSystem

/// What every fence has, whatever it is for.
extension Fence {
    /// LeakSanitizer stops the threads of its own process by `ptrace`, which the filter refuses: a program built with AddressSanitizer would end with
    /// that error instead of its own code.
    package static let sanitizerOptions = ["LSAN_OPTIONS": "detect_leaks=0"]

    /// Where message queues can be made (`man 7 mq_overview`): those of the private IPC namespace. Landlock has to know their file system; nil where the kernel
    /// has none.
    package static let messageQueues: String? = FileKind.at("/proc/sys/fs/mqueue") == .directory ? "/dev/mqueue" : nil
}
