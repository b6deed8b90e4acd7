// What LinuxSystem's filters of system calls need; see CLinux.h for what may be in here.
#pragma once
#include <linux/filter.h>
#include <linux/seccomp.h>

// `man 2 seccomp`: the filter holds for this thread and all that it starts; with SECCOMP_FILTER_FLAG_TSYNC for every thread of the process.
static inline int32_t pinfold_seccomp_filter(struct sock_filter *code, uint16_t count, uint32_t flags) {
    struct sock_fprog program = {.len = count, .filter = code};
    return (int32_t)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}
// `man 2 seccomp_unotify`: a filter with a listener, whose descriptor is answered.
static inline int32_t pinfold_seccomp_listener(struct sock_filter *code, uint16_t count, uint32_t flags) {
    struct sock_fprog program = {.len = count, .filter = code};
    return (int32_t)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, &program);
}

// The architecture that a filter must see, and the calls that exist on some architectures only: -1 where there is none.
#if defined(__x86_64__)
#define PINFOLD_SET_RESULT(context, value) ((context)->uc_mcontext.gregs[REG_RAX] = (value))
static const uint32_t pinfold_audit_arch = 0xC000003Eu;
#define PINFOLD_X86_ONLY(number) number
#elif defined(__aarch64__)
#define PINFOLD_SET_RESULT(context, value) ((context)->uc_mcontext.regs[0] = (uint64_t)(value))
static const uint32_t pinfold_audit_arch = 0xC00000B7u;
#define PINFOLD_X86_ONLY(number) -1
#else
#error "the seccomp filter does not know this architecture"
#endif

// What a handler of SIGSYS is told and may say (`man 2 sigaction`, SECCOMP_RET_TRAP): the call's number is a macro over a union, its result a
// register.
static inline int32_t pinfold_refused_call(const siginfo_t *information) { return information->si_syscall; }
static inline void pinfold_set_call_result(void *context, int64_t value) { PINFOLD_SET_RESULT((ucontext_t *)context, value); }

// Any system call by its number: for trying what a filter says.
static inline int64_t pinfold_system_call(int64_t number, int64_t a, int64_t b, int64_t c) { return syscall(number, a, b, c); }
