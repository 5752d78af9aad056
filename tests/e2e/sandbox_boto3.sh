# boto3 against the sandbox: parsed shapes, paginators, waiters, typed errors, retries over faults.
. tests/e2e/lib/common.sh
python3 -c 'import boto3' 2>/dev/null || skip 'no boto3 on this machine'

start_box --seed "$seed_file" --generate roles=25,seed=3
python3 tests/e2e/sandbox_boto3.py whole "$analyzer" "$blog_role" || { cat "$work/sandbox.log"; fail 'boto3'; }
stop_box
start_box --seed "$seed_file" --faults throttle=0.1,5xx=0.05,cut=0.05,lost=0.1
python3 tests/e2e/sandbox_boto3.py faults "$analyzer" "$blog_role" || fail 'boto3 over faults'
stop_box
start_box --seed "$seed_file" --lag 1500 --latency 30
python3 tests/e2e/sandbox_boto3.py lag "$analyzer" "$blog_role" || fail 'boto3 with lag'
