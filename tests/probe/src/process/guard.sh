# Runs beside a test process, reads the pid of its server line by line (an empty line: it has none
# now), and cleans up when the input ends, which it does however the test process ends.
folder=$1

server=
while read -r line; do server=$line; done

if [ -n "$server" ]; then
    # Stopped first, so that it forks no child behind our back.
    kill -STOP "$server"
    for stat in /proc/[0-9]*/stat; do
        read -r pid name state parent rest <"$stat" || continue
        [ "$parent" = "$server" ] && kill -KILL "$pid"
    done
    kill -KILL "$server"
fi

# A killed PostgreSQL leaves a System V segment behind: key and id are the 7th line of its lock.
lock=$folder/data/postmaster.pid
if [ -r "$lock" ]; then
    set -- $(sed -n 7p "$lock")
    [ -n "$2" ] && ipcrm -m "$2"
fi

# Once more for what a dying process wrote meanwhile.
rm -rf -- "$folder" || { sleep 1; rm -rf -- "$folder"; }
