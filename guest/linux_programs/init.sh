#!/bin/busybox sh
# The first process: mounts what programs need, runs those that the kernel's command line names in
# run=NAME,NAME,..., and ends the machine. Without run= it is a shell.
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec </dev/console >/dev/console 2>&1
echo "@context kernel=$(uname -r)"

# Waits until the serial line has sent everything: a reboot would throw away the rest, and sending it
# would be part of what the next program measures.
drain() { stty onlcr; }

finish() { # STATUS
    echo "@end status=$1"
    drain
    reboot -f
}

run_program() { # NAME
    case $1 in
    compile) measure compile -- /bin/compile ;;
    hackbench) measure hackbench -- hackbench --groups 4 --loops 50 ;;
    *) "/bin/$1" ;; # exec is a word of the shell's, too
    esac
}

programs=$(tr ' ' '\n' </proc/cmdline | sed -n 's/^run=//p' | tail -n 1 | tr ',' ' ')
if [ -z "$programs" ]; then
    echo "Linux $(uname -r); programs: compile, exec, fork, fpu, hackbench, memory, pingpong, signals"
    setsid cttyhack sh
    finish 0
fi
status=0
for program in $programs; do
    echo "init: $program"
    drain
    run_program "$program" || {
        echo "init: $program failed with status $?"
        status=1
    }
done
finish $status
