// What Swift's importer cannot take from libgit2: variadic functions, initialiser macros and inline structures. No logic.
#pragma once
#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/filter.h>
#include <git2/sys/repository.h>
#include <iconv.h>
#include <libssh2.h>
// Both are libgit2's own, and come with its development package.
#include <mbedtls/md.h>
#include <zlib.h>

// `git_libgit2_opts` is variadic: one function a kind of argument.
static inline int32_t pinfold_git_option_int(int32_t option, int32_t value) { return git_libgit2_opts(option, value); }
static inline int32_t pinfold_git_option_size(int32_t option, size_t value) { return git_libgit2_opts(option, value); }
static inline int32_t pinfold_git_search_path(int32_t level, const char *path) {
    return git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, path);
}
static inline int32_t pinfold_git_certificates(const char *file, const char *directory) {
    return git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file, directory);
}

// Function-like macro in libssh2.
static inline LIBSSH2_SESSION *pinfold_ssh2_session(void) { return libssh2_session_init_ex(NULL, NULL, NULL, NULL); }
// Constants that libssh2 writes as expressions.
static const int32_t pinfold_ssh2_plain_raw = LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW;
