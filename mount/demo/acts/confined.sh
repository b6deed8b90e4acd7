# Acts 1 to 4: the agent reads, tries to get out, and works in its zones. Sourced by mount/quickstart.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the names of the place are the quickstart's

act "1. The admin makes the structure and mounts the view"
admin 'pinfold init'
worked "the directories are made, and the agent's own source is cloned into code-repo" "cloned $place/server into $data/code-repo"
install -o pinfold-agent -g pinfold-agent -m 644 "$here"/mount/demo/agent/*.py "$data/sandbox"
admin 'pinfold mount'
worked "the whole machine is in the view" "/ is shown at $view"
admin "findmnt -R -n -r -o OPTIONS,TARGET '$view' | sed 's/,[^ ]*//' | sort -k 2"
live=()
# A kernel before that has no mounts of their own for them.
if printf '%s\n' 6.15 "$(uname -r)" | sort -V -C; then live=("ro $view$data/"{conversations,generated_images,logs,models}); fi
worked "the two zones are mounted rw, all else ro, the server's own directories too: the kernel holds them, whatever the agent does" \
    "$(printf '%s\n' "ro $view" "rw $view$data/code-repo" "${live[@]}" "rw $view$data/sandbox")"
mkdir -p "$data/logs"
echo "12:00:01 server started" >"$data/logs/server.log"
install -m 600 /dev/stdin "$data/logs/private.log" <<<"12:00:01 not for everybody"

act "2. The agent reads everything that its user may read"
agent 'id -un; pwd; head -n 1 /etc/os-release'
worked "paths are the same inside as outside" "pinfold-agent"$'\n'"$data"$'\n'"$(head -n 1 /etc/os-release)"
agent "cat logs/server.log"
worked "the server's logs" "12:00:01 server started"
echo "12:00:02 one request served" >>"$data/logs/server.log"
agent "tail -n 1 logs/server.log"
if [[ $output == *"one request served"* ]]; then good "what the server appends is seen at once"; else wrong "the appended line is missing"; fi
attempts "$data/logs" /etc/shadow
agent 'cat logs/private.log'
refused 'Permission denied' "a file that another may not read stays closed"
agent 'cat /etc/shadow'
refused 'No such file or directory' "and what is hidden does not exist"

act "3. The agent tries to get out"
attempts "$data/logs" "$data/sandbox" "$data/code-repo" /etc/profile.d /mnt
agent "echo hacked >> logs/server.log"
refused 'Read-only file system' "the kernel's own answer, EROFS"
agent 'touch /etc/profile.d/backdoor.sh'
refused 'Read-only file system' "nor anywhere else"
agent "printf '#!/bin/sh\nid\n' > code-repo/.git/hooks/pre-commit"
refused 'Operation not permitted' "inside its repository, nothing can be planted that git would run"
agent "cd code-repo && mv .git away && echo moved"
refused 'Operation not permitted' "not by moving the directory around it either"
agent "ln logs/server.log sandbox/log && echo linked"
refused 'Invalid cross-device link' "a hard link does not lead out"
# By the call itself: the program mount(8) refuses for want of root before it asks the kernel.
agent "python3 -c 'import ctypes, os; c = ctypes.CDLL(None, use_errno=True); c.mount(b\"none\", b\"/mnt\", b\"tmpfs\", 0, None) and exit(\"mount: \" + os.strerror(ctypes.get_errno()))'"
refused 'Operation not permitted' "it has no privilege"
agent 'unshare --user --map-root-user id'
refused 'Operation not permitted' "and can get none"
# A number that none of the agent's own few processes can have.
until sleep 300 & victim=$! && [ $victim -gt 1000 ]; do kill $victim; done
agent "kill -KILL $victim"
refused 'No such process' "no process of the host is there"
if kill $victim; then good "which lives on"; else wrong "the host's process is gone"; fi
wait $victim 2>/dev/null
agent 'ls -A /run; ps -e -o comm= >sandbox/seen; sort -u sandbox/seen | tr "\n" " "'
worked "no socket of the host, no process but its own" "pinfold"$'\n'"bash pinfold-fence ps "
admin "pinfold why --write logs/server.log"
if [ "$code" = 1 ] && [[ $output == *"may not write it"*"read-only"* ]]; then good "the admin can ask why"; else wrong "why says nothing of use (exit code $code)"; fi

act "4. The agent works in its two zones"
agent "cd sandbox && printf 'int main(){return 42;}' > a.c && clang -o a a.c && { ./a; echo \"exit code \$?\"; } && python3 -c 'print(sum(range(10)))' > sum && cat sum"
worked "it builds and runs things in the sandbox" "exit code 42"$'\n'"45"
agent "cd code-repo && git log --format=%s && git status --short && python3 -m unittest -q 2>&1 | tail -n 1"
worked "git and the tests run in code-repo" "A server that greets"$'\n'"OK"
