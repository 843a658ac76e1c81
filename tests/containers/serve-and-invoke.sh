#!/bin/sh
# Starts the server of AWS's container as its entrypoint does, asks it, and ends it: prints the lines of invoke.py, then whether the
# server was still there. What it logs goes to server.log.
#
#     serve-and-invoke.sh PYTHON INVOKE.PY SECONDS FILE…
set -u
python=$1
shift
"$python" -c 'from sagemaker_pytorch_serving_container.serving import main; main()' > server.log 2>&1 &
server=$!
"$python" "$@"
# A server that is ending has some seconds to do so.
for second in 1 2 3 4 5 6 7 8 9 10; do
  kill -0 $server 2> /dev/null || break
  sleep 1
done
if kill -0 $server 2> /dev/null; then echo '{"running": true}'; else echo '{"running": false}'; fi
kill $server 2> /dev/null
wait $server 2> /dev/null
exit 0
