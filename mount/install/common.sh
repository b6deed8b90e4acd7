# What the commands below mount/ share. Sourced with the repository's top as the working directory.
# shellcheck shell=bash

die() {
    printf 'pinfold: %s\n' "$*" >&2
    exit 2
}

# The toolchain: where PATH has it, or where it is usually laid.
for directory in /opt/swift/usr/bin /usr/local/swift/usr/bin /usr/libexec/swift/bin; do PATH=$PATH:$directory; done
unset directory
export PATH

# What is installed, in the order in which it is built.
# shellcheck disable=SC2034 # for who sources this
programs=(pinfold pinfold-mount pinfold-fence pinfold-git pinfold-deployd pinfold-web)
