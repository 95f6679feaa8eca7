#!/bin/busybox sh
# shellcheck shell=dash
# The first program of the Linux that Bochs boots (nested.py): runs each image under KVM and prints what
# KVM counted. Lines for nested.py begin with "@nested".

/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tracefs tracefs /sys/kernel/tracing
for module in irqbypass kvm kvm-intel; do
    options=
    [ $module != kvm-intel ] || options=nested=1
    insmod /modules/$module.ko $options || echo "@nested error=\"cannot load $module\""
done
echo "@nested kernel=$(uname -r) nested=$(cat /sys/module/kvm_intel/parameters/nested)"

events=/sys/kernel/tracing/events/kvm
# Starts counting (or, with "!", stops): all VM exits of a nested guest, and those of them that KVM
# forwards to the hypervisor.
count() {
    echo "$1hist:keys=exit_reason" >$events/kvm_nested_vmexit/trigger
    echo "$1hist:keys=exit_code" >$events/kvm_nested_vmexit_inject/trigger
}

while read -r name; do
    echo "@nested begin=$name"
    count ''
    # As lazyhv itself starts QEMU (tools/machine/kvm.cpp), but without a graphics card, whose BIOS
    # takes long. The limit is ten minutes of this machine: 20 million instructions are a second.
    timeout 600 qemu-system-x86_64 -accel kvm -cpu host,+vmx -smp 1 -m 256M -boot d \
        -cdrom "/images/$name.iso" -vga none -display none -monitor none -serial stdio -nic none \
        -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=0x4 </dev/null
    echo "@nested status=$?"
    for event in kvm_nested_vmexit kvm_nested_vmexit_inject; do
        sed -n "s/^{ exit_[a-z]*: *\([0-9a-fA-Fx]*\) *} hitcount: *\([0-9]*\).*/@nested event=$event reason=\1 count=\2/p" \
            $events/$event/hist
        sed -n "s/^ *Hits: *\([0-9]*\)/@nested event=$event hits=\1/p" $events/$event/hist
    done
    count '!'
    echo "@nested end=$name"
done </runs
sleep 5 # until the serial line has sent everything
poweroff -f
