#!/bin/sh
# Runs a command beside pcscd with vpcd, in network, mount and process namespaces of its own:
#   pcsc-namespace.sh COMMAND [ARGUMENT...]
# Nothing outside is touched, several can run side by side, and whatever was started ends with it. The command finds
# the service as usual, the ports of vpcd's two slots in VPCD_0 and VPCD_1, the process of pcscd in PCSCD, its
# configuration in FOLDER/readers, and may use FOLDER, which ends with it too. The exit status is the command's.
set -eu

if [ "${1:-}" != --inside ]; then
    exec unshare --net --mount --pid --fork --kill-child -- "$0" --inside "$@"
fi
shift

mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/pcscd
ip link set lo up

FOLDER=/run/oxisim
VPCD_0=35963
VPCD_1=35964
mkdir -p "$FOLDER/readers"
cat > "$FOLDER/readers/vpcd" << END
FRIENDLYNAME "Virtual PCD"
DEVICENAME   /dev/null:$VPCD_0
LIBPATH      ${VPCD_LIBRARY:-/usr/lib/pcsc/drivers/serial/libifdvpcd.so}
CHANNELID    $VPCD_0
END

pcscd --foreground --config "$FOLDER/readers" > "$FOLDER/pcscd.log" 2>&1 &
PCSCD=$!
trap 'kill "$PCSCD" 2> /dev/null || true; wait "$PCSCD" 2> /dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

left=100
while [ ! -S /run/pcscd/pcscd.comm ]; do
    if [ "$left" = 0 ] || ! kill -0 "$PCSCD" 2> /dev/null; then
        echo "pcscd did not start:" >&2
        cat "$FOLDER/pcscd.log" >&2
        exit 1
    fi
    left=$((left - 1))
    sleep 0.05
done

export FOLDER VPCD_0 VPCD_1 PCSCD
status=0
"$@" || status=$?
exit "$status"
