#!/bin/sh
# Runs a command as SageMaker's container would: /opt/ml is FOLDER/ml, the host is called algo-1, there is no network but loopback,
# and whatever the command has started ends with it.
#
#     enter.sh FOLDER COMMAND …
set -eu
folder=$1
shift
exec unshare --user --map-root-user --mount --net --pid --fork --kill-child --mount-proc sh -eu -c '
  folder=$1
  shift
  mount --bind "$folder/etc" /etc
  mount -t tmpfs tmpfs /opt
  mkdir /opt/ml
  mount --bind "$folder/ml" /opt/ml
  ip link set lo up
  cd "$folder/work"
  exec "$@"
' sh "$folder" "$@"
