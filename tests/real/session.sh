# What a session with cards in readers does; sourced inside pcsc-namespace.sh. OXISIM is the program.

# insert SLOT [ARGUMENT...]: runs a card in a slot and waits until the reader has it.
insert() {
    slot=$1
    shift
    eval "port=\$VPCD_$slot"
    "$OXISIM" card --vpcd "127.0.0.1:$port" "$@" > "$FOLDER/card-$slot.log" 2>&1 3>&- &
    eval "card_$slot=$!"
    until_holds "$slot" card
}

# remove SLOT: ends the card in a slot and waits until the reader has noticed.
remove() {
    eval "process=\$card_$1"
    kill "$process"
    wait "$process"
    until_holds "$1" empty
}

# until_holds SLOT STATE: waits until the reader of a slot is in that state.
until_holds() {
    attempt 10 holds "$1" "$2" || { echo "slot $1 is not in state $2" >&2; "$OXISIM" readers >&2; exit 1; }
}

holds() {
    "$OXISIM" readers --json 2> /dev/null | grep -A 1 "\"Virtual PCD 00 0$1\"" | grep -q "\"state\": \"$2\""
}

# attempt SECONDS COMMAND...: tries until it succeeds.
attempt() {
    tries=$(($1 * 10))
    shift
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.1
    done
}

# stop_service, start_service: pcscd goes, and comes again.
stop_service() {
    kill "$PCSCD"
    attempt 10 service_is_down
    rm -f /run/pcscd/pcscd.comm /run/pcscd/pcscd.pid
}

service_is_down() {
    ! "$OXISIM" readers > /dev/null 2>&1
}

start_service() {
    pcscd --foreground --config "$FOLDER/readers" >> "$FOLDER/pcscd.log" 2>&1 3>&- &
    PCSCD=$!
    attempt 10 "$OXISIM" readers > /dev/null 2>&1
}

# open_shell [ARGUMENT...]: a shell on the card in slot 0, which has answered its first line. It reads what goes to
# descriptor 3, which nothing that runs on beside it may inherit.
open_shell() {
    mkfifo "$FOLDER/lines"
    "$OXISIM" shell --reader "00 00" "$@" < "$FOLDER/lines" > "$FOLDER/shell.log" 2>&1 &
    shell=$!
    exec 3> "$FOLDER/lines"
    echo "cat EF.ICCID" >&3
    attempt 10 grep -q digits "$FOLDER/shell.log"
}

# close_shell: the end of its lines; says how it ended, and what it printed.
close_shell() {
    exec 3>&-
    status=0
    wait "$shell" || status=$?
    echo "the shell: $status"
    cat "$FOLDER/shell.log"
}

# long_script [ARGUMENT...]: a script on the card in slot 0, which has read once and goes on reading for a minute.
long_script() {
    {
        echo "00 A4 00 0C 02 2F E2 (9000)"
        echo "repeat 3000"
        echo "00 B0 00 00 0A (9000)"
        echo "wait 20ms"
        echo "end"
    } > "$FOLDER/long.apdu"
    "$OXISIM" script --reader "00 00" --transcript "$@" "$FOLDER/long.apdu" > "$FOLDER/script.log" 2>&1 &
    script=$!
    attempt 10 grep -q "00 B0 00 00 0A" "$FOLDER/script.log"
}

# end_script: waits for its end; says how it ended, and the last that it printed.
end_script() {
    status=0
    wait "$script" || status=$?
    echo "the script: $status"
    tail -n 12 "$FOLDER/script.log"
}
