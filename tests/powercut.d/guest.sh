#!/bin/busybox sh
# The virtual machine's only program: works on every disk of /disks until the power is cut.
#
# Two workers a disk, both with a random sequence of their own. One starts runs and sweeps, kills, resumes
# and verifies them; the other writes results and replaces some. Every line that diff2d prints and every
# exit code becomes a mark: a sector behind the filesystem, so that the disk's log tells what had reached
# the disk before each report; see mark.c.
set -f
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
modprobe virtio_pci
modprobe virtio_blk
# Without a sync, too, data reach the disk, after a second instead of half a minute.
echo 50 >/proc/sys/vm/dirty_writeback_centisecs
echo 100 >/proc/sys/vm/dirty_expire_centisecs
marks=$(cat /marks)

# Runs diff2d on the file $name; kills it after $life seconds unless that is empty. Of its messages those are
# reported that tell of a resume, and the last one of a failure.
try() {
    messages=/tmp/$disk.$name
    echo "begin $key" | mark "/dev/$disk" "$marks" "$name"
    {
        LD_PRELOAD=$preload diff2d "$@" 2>"$messages" &
        program=$!
        if [ -n "$life" ]; then
            { sleep "$life" && kill -9 $program; } >/dev/null 2>&1 &
        fi
        wait $program
        code=$?
        grep "after step" "$messages"
        [ $code -eq 0 ] || [ $code -eq 137 ] || tail -n 1 "$messages"
        echo "exit $code"
    } | mark "/dev/$disk" "$marks" "$name"
}

# Chooses a command from the directory $1 and puts the output's name into it.
pick() {
    local directory=$1
    set -- $(ls "$directory")
    shift $((RANDOM % $#))
    key=$1
}

arguments() {
    sed "s|OUT|/$disk/$name|" "$1/$key"
}

room() {
    number=$((number + 1))
    [ "$(stat -f -c %a "/$disk")" -gt 8192 ]
}

cubes() {
    while room; do
        pick /cubes
        case $number in # in every campaign, and early
        1) key=aside ;;
        2) key=bands ;;
        esac
        name=$key-$number.npy
        kills=$((RANDOM % 4))
        while [ $kills -gt 0 ]; do
            life=$((RANDOM % 4)).$((RANDOM % 10))
            try $(arguments /cubes)
            kills=$((kills - 1))
        done
        life=
        try $(arguments /cubes)
        try verify "/$disk/$name"
    done
}

results() {
    while room; do
        pick /results
        name=$key-$number.npy
        life=
        try $(arguments /results)
        if [ $((RANDOM % 3)) -eq 0 ]; then
            pick /results
            life=$((RANDOM % 2)).$((RANDOM % 10))
            try $(arguments /results) --force
        fi
    done
}

while read -r disk filesystem options preload; do
    mkdir "/$disk"
    modprobe "$filesystem" 2>/dev/null # some are built in
    mount -t "$filesystem" -o "$options" "/dev/$disk" "/$disk" || continue
    seed=$((${seed:-$(cat /seed)} + 1))
    (RANDOM=$seed cubes) &
    (RANDOM=$((seed + 1000)) results) &
done </disks
echo working
wait
echo "no room left"
sleep 100000
