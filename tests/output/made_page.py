# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages with traces that are made up: what a page of the tool holds as data is replaced. The traces are like those of a
day in a home: a few services, parallel ways, silent hops, slow ends."""

import json
import random
import re

DATA = re.compile(r'(<script id="data" type="application/json">)(.*?)(</script>)', re.S)
CORE = (("gw.home.example", "192.168.1.1", 0.6, 0), ("bras1.isp.example", "10.20.0.1", 8, 64500),
        ("", "10.20.4.{way}", 9, 64500), ("cr{way}.fra.isp.example", "203.0.113.{way}", 14, 64500),
        ("ae{way}.edge.transit.example", "198.51.100.{way}", 22, 64510))
SERVICES = (("YouTube", "youtube", "r{i}.googlevideo.com", 15, 8), ("Netflix", "netflix", "c{i}.nflxvideo.net", 70, 6),
            ("Twitch", "twitch", "edge{i}.ttvnw.net", 128, 3), (None, None, None, 190, 5))


def data_of(page):
    return json.loads(DATA.search(page).group(2))


def page_of(page, traces):
    data = json.dumps({"about": {"generator": "st-inject 0.1.0", "left_out": 0}, "traces": traces})
    return DATA.sub(lambda found: found.group(1) + data.replace("<", "\\u003c") + found.group(3), page)


def reply(probe, address, name, rtt_ms, asn, **more):
    made = {"probe": probe, "address": address, "name": name or None, "rtt_ms": round(rtt_ms, 6), "icmp_type": 11,
            "icmp_code": 0, "reply_ttl": 60, "quoted_ttl": 1}
    if asn:
        made.update(asn=asn, as_name="Example Networks", country="DE")
    return {**made, **more}


def _hop(chance, ttl, router, **more):
    name, address, rtt, asn = router or (None, None, 0, 0)
    answered = [probe for probe in (1, 2, 3) if router and (chance.random() < 0.97 or more)]
    return {"ttl": ttl, "sent": 3, "replies": [reply(probe, address, name, rtt * chance.uniform(0.95, 1.2), asn, **more)
                                               for probe in answered]}


def _routers(chance, sid, far_ms, way):
    for name, address, rtt, asn in CORE:
        yield name.format(way=way), address.format(way=way), rtt + way * 0.3 * (asn != 0), asn
    yield None if chance.random() < 0.5 else (f"xe-0.peer{way}.example", f"198.51.100.{40 + way}", 28, 64511)
    for i in range(1 + int(far_ms) // 60):
        yield f"r{i}.{sid or 'unknown'}.example", f"198.18.{int(far_ms)}.{10 * i + way % 2}", far_ms * (0.6 + 0.15 * i), 64600


def _trace(chance, number):
    name, sid, host, far_ms, count = chance.choices(SERVICES, [5, 3, 2, 1])[0]
    i = chance.randrange(count)
    destination = f"192.0.2.{SERVICES.index((name, sid, host, far_ms, count)) * 16 + i + 1}"
    hops = [_hop(chance, ttl, router) for ttl, router in enumerate(_routers(chance, sid, far_ms, chance.randint(1, 4)), 1)]
    reached = chance.random() < (0.9 if name else 0.1)
    if reached:
        hops.append(_hop(chance, len(hops) + 1, (None, destination, far_ms, 64600), destination=True, icmp_type=3, icmp_code=3))
    else:
        hops += [{"ttl": ttl, "sent": 3, "replies": []} for ttl in range(len(hops) + 1, len(hops) + 7)]
    for entry in hops[3]["replies"]:
        entry["mpls"] = [{"label": 16001, "tc": 0, "s": 1, "ttl": 1}]
    start = f"2026-11-22T{10 + number // 1800:02}:{number // 30 % 60:02}:{number * 2 % 60:02}.123456Z"
    return {"type": "trace", "version": 1, "generator": "st-inject 0.1.0", "trace": number, "kind": "in-flow",
            "flow": {"id": number, "protocol": chance.choice(["tcp", "udp"]), "source": "192.168.1.20",
                     "source_port": 40000 + number % 20000, "destination": destination, "destination_port": 443,
                     "community_id": "1:8rsFTKdBBrjv/dkLjTXZ//sp7LM="},
            "service": {"name": name, "host": host.format(i=i), "evidence": "sni", "id": sid, "matched_by": "sni"} if name else None,
            "start": start, "end": start, "algorithm": "concurrent", "probes_per_hop": 3, "first_ttl": 1, "max_ttl": 32,
            "stop_reason": "destination" if reached else "max-ttl", "destination_reached": reached or None,
            "distance": len(hops) if reached else None, "probes_sent": 3 * len(hops),
            "replies_received": sum(len(hop["replies"]) for hop in hops), "hops": hops,
            "notes": [{"kind": "nat", "ttl": 2, "detail": "an address translator hides the source <b>from here on</b>"}]
            if number % 7 == 1 else []}


def traces_like(count, seed=5):
    chance = random.Random(seed)
    return [_trace(chance, number) for number in range(1, count + 1)]
