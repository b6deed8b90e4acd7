// Calls on files that only the gateway's file systems make; see CLinux.h for what may be in here.
#pragma once

static inline int32_t pinfold_unshare(int32_t flags) { return unshare(flags); }
static const int32_t pinfold_CLONE_FS = CLONE_FS;
