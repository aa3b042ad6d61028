/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holds what the tracer reported against what the simulation knows: the path,
 * the fate of every probe, what the applications received. Adds a sentence to
 * `findings` for everything that is not as it should be.
 */
#ifndef SIMNET_TRUTH_H
#define SIMNET_TRUTH_H

#include "simnet.h"

/* All of the following, and the counters and the scenario's [expect]. */
void truth_check(const struct simnet *simnet, GPtrArray *findings);

/* Every trace: its hops, replies, RTTs, times and settings. */
void truth_check_traces(const struct simnet *simnet, GPtrArray *findings);

/* Rate, probes in flight per flow, and that no two of them look alike. */
void truth_check_bounds(const struct simnet *simnet, GPtrArray *findings);

/* No stream damaged, no connection broken, no needless retransmission, no window inflated. */
void truth_check_harm(const struct simnet *simnet, GPtrArray *findings);

/* True if RTTs, reply TTLs and addresses follow from the scenario alone. */
bool truth_path_is_plain(const struct scenario *scenario);

/* Two times the delays of the links up to this router. */
uint64_t truth_round_trip_ns(const struct scenario *scenario, size_t ttl);

/*
 * A quote names a probe by its ports and sequence number, or by its ports and
 * (IPv4, unless altered) identification; with less it names none.
 */
#define QUOTE_PORTS_BYTES 4
#define QUOTE_SEQ_BYTES 8
#define QUOTE_UDP_BYTES 8 /* length and checksum take the sequence number's place */

#define IN_FLIGHT_MAX 512

#endif
