#!/bin/sh
# Prints frames/s of the kernel-UDP port between two network namespaces: udp_rate.sh BUILD_DIR
# Needs root. Leaves nothing behind.
set -eu
rate="$1/bench/udp_port/udp_rate"
a="torc-rate-a-$$"
b="torc-rate-b-$$"
trap 'ip netns del "$a" 2>/dev/null; ip netns del "$b" 2>/dev/null' EXIT
ip netns add "$a"
ip netns add "$b"
ip -n "$a" link add veth0 mtu 9000 type veth peer name veth0 netns "$b" mtu 9000
ip -n "$a" address add 10.45.0.1/24 dev veth0
ip -n "$b" address add 10.45.0.2/24 dev veth0
for namespace in "$a" "$b"; do
    ip -n "$namespace" link set lo up
    ip -n "$namespace" link set veth0 up
done
for way in uring mmsg; do
    echo "$way"
    ip netns exec "$b" "$rate" look "$way" 64 1 multicast
    for cast in "multicast" "multicast single"; do
        for bytes in 64 1400 8900; do
            echo "$way $cast"
            ip netns exec "$b" taskset -c 1 "$rate" receive "$way" "$bytes" 1 $cast &
            receiver=$!
            sleep 0.3
            ip netns exec "$a" taskset -c 0 "$rate" send "$way" "$bytes" 1 $cast
            wait "$receiver"
        done
    done
done
