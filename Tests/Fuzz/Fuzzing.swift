#if FUZZING
    import CLinux
    import FuzzTargets
    import Synchronization

    // libFuzzer's own (compiler-rt, FuzzerInterface.h): linked by -sanitize=fuzzer.
    @_silgen_name("LLVMFuzzerRunDriver")
    private func run(
        _ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
        _ attempt: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
    ) -> Int32

    private let chosen = Mutex<FuzzTarget?>(nil)

    /// Hands over to libFuzzer, which ends the process.
    func fuzz(_ target: FuzzTarget, _ arguments: [String]) -> Never {
        chosen.withLock { $0 = target }
        var words = (["pinfold-fuzz"] + arguments).map { unsafe strdup($0) }
        var count = Int32(words.count)
        words.append(nil)
        let code = unsafe words.withUnsafeMutableBufferPointer { buffer in
            var start = unsafe buffer.baseAddress.unsafelyUnwrapped
            return unsafe run(&count, &start) { bytes, size in
                chosen.withLock { $0 }?.run(unsafe Array(UnsafeBufferPointer(start: bytes, count: size)))
                return 0
            }
        }
        exit(code)
    }
#endif
