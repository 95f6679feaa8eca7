#!/bin/busybox sh
# shellcheck shell=dash disable=SC2016
# The first program of the Linux that Bochs boots (kvm_linux.py): runs programs in Linux under KVM and
# prints KVM's counters before and after each. Lines for kvm_linux.py begin with "@kvm".

/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
insmod /modules/irqbypass.ko && insmod /modules/kvm.ko || echo "@kvm error=\"no KVM\""
clock=/sys/devices/system/clocksource/clocksource0/current_clocksource
echo "@kvm kernel=$(uname -r) clock=$(cat $clock)"

event=/sys/kernel/tracing/events/kvm/kvm_exit
mkfifo /in /out

# Prints the guest's console up to a line with this beginning. Nothing else runs here meanwhile.
await() { # BEGINNING
    while read -r line <&4; do
        echo "$line"
        case $line in "$1"*) return 0 ;; esac
    done
    echo "@kvm error=\"the guest has ended early\""
    return 1
}

# Prints KVM's counters and, if the event is being counted, exits by reason. The guest is idle.
print_counters() {
    sleep 1
    counters=
    for file in /sys/kernel/debug/kvm/* /sys/kernel/debug/kvm/*/vcpu0/tsc*; do
        [ ! -f "$file" ] || ! read -r value <"$file" || counters="$counters ${file##*/}=$value"
    done
    reasons=$(sed -n 's/^{ exit_reason: *\([0-9]*\) *} hitcount: *\([0-9]*\).*/reason.\1=\2/p' \
        $event/hist | tr '\n' ' ')
    echo "@kvm counters$counters $reasons"
}

measure() { # NAME COUNT
    echo "$1 --count $2" >&3
    await @result && print_counters
}

measure_all() {
    print_counters
    while read -r name count; do
        measure "$name" "$count" || return
    done </programs
}

run_guest() {
    await "Linux " || return
    echo 'echo; echo "@guest clock=$(cat '$clock')" $(grep -ow -m 1 pcid /proc/cpuinfo)' \
        '$(cat /sys/devices/system/cpu/vulnerabilities/meltdown)' >&3
    await @guest || return
    measure_all || return
    # Counting the event costs instructions, so it is done in a second pass.
    echo hist:keys=exit_reason >$event/trigger
    echo "@kvm by_reason"
    measure_all
    echo '!hist:keys=exit_reason' >$event/trigger
    echo exit >&3
    await "@end status=0" && echo "@kvm end"
}

while read -r name ept pti; do
    insmod /modules/kvm-intel.ko ept="$ept" || echo "@kvm error=\"cannot load kvm-intel\""
    echo "@kvm begin=$name"
    timeout 2400 qemu-system-x86_64 -accel kvm -cpu host -smp 1 -m 512M -kernel /guest/vmlinuz \
        -initrd /guest/initrd -append "$(cat /guest/words) pti=$pti" -vga none -display none \
        -monitor none -serial stdio -nic none -no-reboot </in >/out &
    exec 3>/in 4</out
    run_guest
    exec 3>&-
    cat <&4
    exec 4<&-
    wait
    rmmod kvm-intel
done </runs
sleep 5 # until the serial line has sent everything
poweroff -f
