"""A day in the life of python3-redis: says what it has done, a line each; between the last two the server restarts."""
import sys

from redis import Redis
from redis.cluster import RedisCluster
from redis.exceptions import ConnectionError, WatchError
from redis.retry import Retry
from redis.backoff import ConstantBackoff

port = int(sys.argv[1])


def connect():
    return Redis(port=port, decode_responses=True)


def done(what):
    print(what, flush=True)


def commands(client):
    client.flushall()
    assert client.set("k", "v", ex=100) is True
    assert (client.get("k"), client.get("none"), client.ttl("k")) == ("v", None, 100)
    every_byte = bytes(range(256))
    raw = Redis(port=port)
    raw.set(every_byte, every_byte)
    assert raw.get(every_byte) == every_byte


def pipelines(client):
    pipeline = client.pipeline(transaction=False)
    for index in range(500):
        pipeline.set(f"p:{index}", index).incr(f"p:{index}")
    assert pipeline.execute()[-2:] == [True, 500]
    # All of it is sent before the first reply is read, and is more than the sockets' buffers hold.
    client.set("wide", "x" * 100)
    for _ in range(300000):
        pipeline.get("wide")
    assert pipeline.execute() == ["x" * 100] * 300000


def scans(client):
    assert len(set(client.scan_iter(match="p:*", count=50))) == 500


def transactions(client):
    client.mset({"from": 10, "to": 0})
    assert client.pipeline().decrby("from", 3).incrby("to", 3).get("to").execute() == [7, 3, "3"]
    with client.pipeline() as pipeline:
        pipeline.watch("from")
        connect().set("from", 100)
        pipeline.multi()
        pipeline.set("from", 1)
        try:
            pipeline.execute()
            raise AssertionError("a watched key was changed")
        except WatchError:
            pass
    assert client.get("from") == "100"

    def double(pipeline):
        value = int(pipeline.get("from"))
        pipeline.multi()
        pipeline.set("from", value * 2)

    assert client.transaction(double, "from") == [True]
    assert client.get("from") == "200"


def publish_and_subscribe(client):
    listener = client.pubsub()
    listener.subscribe("news")
    listener.psubscribe("n?ws")
    assert [listener.get_message(timeout=5)["type"] for _ in range(2)] == ["subscribe", "psubscribe"]
    assert client.publish("news", "hello") == 2
    assert sorted(listener.get_message(timeout=5)["type"] for _ in range(2)) == ["message", "pmessage"]
    listener.close()


def cluster_mode():
    client = RedisCluster(host="127.0.0.1", port=port, decode_responses=True)
    for index in range(50):
        client.set(f"c:{index}", index)
    pipeline = client.pipeline()
    for index in range(50):
        pipeline.get(f"c:{index}")
    assert pipeline.execute() == [str(index) for index in range(50)]
    assert len(client.get_nodes()) == 1
    client.close()


def restart(client):
    client.set("kept", "yes")
    done("restart")
    sys.stdin.readline()
    assert client.get("kept") == "yes"


client = Redis(
    port=port,
    decode_responses=True,
    retry=Retry(ConstantBackoff(0.05), 100),
    retry_on_error=[ConnectionError],
)
for step in (commands, pipelines, scans, transactions, publish_and_subscribe):
    step(client)
    done(step.__name__)
cluster_mode()
done("cluster_mode")
restart(client)
done("reconnected")
