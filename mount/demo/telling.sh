# How the quickstart's transcript is written, and what of it has to hold. Sourced by mount/quickstart.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the names of the place are the quickstart's

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'; else bold='' dim='' red='' green='' plain=''; fi
act() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
say() { printf '%s# %s%s\n' "$dim" "$*" "$plain"; }
good() { printf '  %s✓ %s%s\n' "$green" "$*" "$plain"; }
wrong() {
    printf '  %s✗ %s%s\n' "$red" "$*" "$plain"
    mistakes=$((mistakes + 1))
}
mistakes=0

# Runs a command and shows it with what it prints; the last output is in $output, its exit code in $code.
show() {
    local label=$1
    shift
    printf '  %s %s\n' "$label" "$(printf '%s ' "${@:$#}" | head -c 400)"
    output=$("$@" 2>&1 </dev/null)
    code=$?
    [ -z "$output" ] || printf '%s\n' "$output" | head -n 14 | cut -c 1-150 | sed 's/^/    /'
}
# What the agent does is shown with "agent$": a shell inside `pinfold run`, which keeps the directory. Everybody works in the data root.
agent() { cd "$data" && show 'agent$' "${inside[@]}" bash -c "$1"; }
admin() { cd "$data" 2>/dev/null || cd "$place" && show 'admin$' bash -c "$1"; }
# The last command must have worked. With a second word: and what it printed has to contain that.
worked() {
    if [ "$code" != 0 ]; then
        wrong "this should have worked (exit code $code): $1"
    elif [[ $output != *"${2-}"* ]]; then
        wrong "this should have shown '$2': $1"
    else
        good "$1"
    fi
}
# The last command must have been refused, with exactly this reason, and nothing on the disk below may have changed by it: whatever else keeps a
# command from its end, a program that is not there or a typing error, is no refusal.
refused() {
    local reason=$1 what=$2 now
    now=$(disk)
    if [ "$code" = 0 ]; then
        wrong "this should have been refused with '$reason', and was done: $what"
    elif [ -z "$reason" ] || ! grep -q -- "[:-] $reason\$" <<<"$output" || grep -q '^pinfold' <<<"$output"; then
        # A line of Pinfold's own says that the command was not even started.
        wrong "this should have been refused with '$reason' (exit code $code): $what"
    elif [ "$now" != "$before" ]; then
        wrong "this was refused and changed the disk below all the same: $what"
        diff <(printf '%s\n' "$before") <(printf '%s\n' "$now") | sed 's/^/    /'
    else
        good "$what"
    fi
}
# What an attempt could change, as it is on the disk below: content, names, modes, owners, the number of names, and the time of the last change, which
# nobody can set. `attempts` names what is looked at.
attempts() {
    watched=("$@")
    before=$(disk)
}
disk() {
    find "${watched[@]}" -printf '%p %y %i %m %U:%G %n %s %T@ %C@\n' 2>&1 | LC_ALL=C sort
    find "${watched[@]}" -type f -exec sha256sum {} + 2>/dev/null | LC_ALL=C sort
}
# Waits until a command prints what is expected.
until_seen() {
    local wanted=$1 seen=''
    shift
    for ((turn = 0; turn < 300; turn++)); do
        seen=$("$@" 2>&1)
        [[ $seen != *"$wanted"* ]] || return 0
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    printf '    waited for "%s" and saw: %s\n' "$wanted" "$seen"
    [ "$turn" -ge 300 ] || sed 's/^/    deployd: /' "$place/deployd.log"
    return 1
}
