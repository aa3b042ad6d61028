/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Round-trip times of a hop in numbers, and the bands that they are shown in. */
#include <math.h>

#include <servicetrace/trace.h>

/* A damaged capture can hold RTTs of centuries: their sums need more than 64 bits. */
__extension__ typedef __int128 wide;

/* How far one RTT lies from the next; 0 for the first. */
static int64_t step_ns(int64_t before_ns, int64_t rtt_ns)
{
	if (before_ns == ST_RTT_UNKNOWN)
		return 0;
	return rtt_ns > before_ns ? rtt_ns - before_ns : before_ns - rtt_ns;
}

/* In doubles, since squares of nanoseconds leave 64 bits at four seconds. */
static int64_t deviation_ns(const struct st_hop *hop, int64_t average_ns, unsigned count)
{
	double squares = 0;

	for (size_t i = 0; i < hop->reply_count; i++) {
		int64_t rtt_ns = hop->replies[i].rtt_ns;
		double apart;

		if (rtt_ns == ST_RTT_UNKNOWN)
			continue;
		apart = (double)rtt_ns - (double)average_ns;
		squares += apart * apart;
	}
	return llround(sqrt(squares / count));
}

struct st_rtt_statistics st_hop_rtt(const struct st_hop *hop)
{
	struct st_rtt_statistics rtt = {
		.best_ns = ST_RTT_UNKNOWN,
		.worst_ns = ST_RTT_UNKNOWN,
		.average_ns = ST_RTT_UNKNOWN,
		.deviation_ns = ST_RTT_UNKNOWN,
		.jitter_ns = ST_RTT_UNKNOWN,
	};
	int64_t before_ns = ST_RTT_UNKNOWN;
	wide sum_ns = 0, steps_ns = 0;

	for (size_t i = 0; i < hop->reply_count; i++) {
		int64_t rtt_ns = hop->replies[i].rtt_ns;

		if (rtt_ns == ST_RTT_UNKNOWN)
			continue;
		sum_ns += rtt_ns;
		steps_ns += step_ns(before_ns, rtt_ns);
		before_ns = rtt_ns;
		rtt.best_ns = rtt.count == 0 || rtt_ns < rtt.best_ns ? rtt_ns : rtt.best_ns;
		rtt.worst_ns = rtt.count == 0 || rtt_ns > rtt.worst_ns ? rtt_ns : rtt.worst_ns;
		rtt.count++;
	}
	if (rtt.count == 0)
		return rtt;
	rtt.average_ns = (int64_t)(sum_ns / rtt.count);
	rtt.deviation_ns = deviation_ns(hop, rtt.average_ns, rtt.count);
	if (rtt.count > 1)
		rtt.jitter_ns = (int64_t)(steps_ns / (rtt.count - 1));
	return rtt;
}

enum st_band st_rtt_band(int64_t rtt_ns)
{
	if (rtt_ns == ST_RTT_UNKNOWN)
		return ST_BAND_SILENT;
	if (rtt_ns <= (int64_t)ST_BAND_HIGH_NS)
		return ST_BAND_GOOD;
	return rtt_ns <= (int64_t)ST_BAND_VERY_HIGH_NS ? ST_BAND_HIGH : ST_BAND_VERY_HIGH;
}

enum st_band st_hop_band(const struct st_hop *hop)
{
	return st_rtt_band(st_hop_rtt(hop).average_ns);
}
