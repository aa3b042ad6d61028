/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes those seeds of fuzz_tracer.c that are about names into the folder that
 * is named: lists of steps as it reads them, behind its configuration.
 */
#include "seeds.h"

/* Steps of fuzz_tracer.c, and numbers of its hosts and rules. */
enum {
	TRACER_SEGMENT,
	TRACER_PAUSE = 2,
	TRACER_PROBES,
	TRACER_DATAGRAM,
	TRACER_EVENTS,
	TRACER_HELLO,
	TRACER_INITIAL,
	TRACER_ANSWER,
	TRACER_TELL,
	TRACER_RULE,
	TRACER_ANSWER_LAST,
};

enum { HOST_VIDEO, HOST_MUSIC, HOST_LATE, HOST_OTHER = 7 };

#define RULE_LATE 0
#define BY_NAME 1
#define BY_SERVICE 2
#define SEED_FLOWS 3 /* flows as such are told, and named by signatures */

static void begin_tracer(struct wire *seed, bool active, unsigned selection)
{
	wire_u8(seed, active ? 0xe1 : 0xe0);
	wire_u16(seed, 0x4510);
	wire_u8(seed, selection);
	wire_u8(seed, SEED_FLOWS);
}

/* The step's number, and the byte behind it that only some need. */
static void put_step(struct wire *seed, unsigned kind, unsigned count)
{
	wire_u8(seed, kind);
	wire_u8(seed, count);
}

static void put_tracer_segment(struct wire *seed, unsigned what, unsigned seq, unsigned ack,
			       unsigned flags)
{
	put_step(seed, TRACER_SEGMENT, 0);
	wire_u8(seed, what);
	wire_u8(seed, 0);
	wire_u8(seed, seq);
	wire_u8(seed, ack);
	if (!(what & 4))
		wire_u8(seed, flags);
}

/* Of another program: an ACK behind what the peer has acknowledged, with a low TTL; answered. */
static void put_strange_probe(struct wire *seed, unsigned ttl)
{
	put_step(seed, TRACER_SEGMENT, 0);
	wire_u8(seed, 5);
	wire_u8(seed, 0);
	wire_u8(seed, ttl);
	wire_u8(seed, 20);
	wire_u8(seed, 2);
	put_step(seed, TRACER_ANSWER_LAST, 0);
}

static void put_tracer_hello(struct wire *seed, unsigned host)
{
	put_step(seed, TRACER_HELLO, 0);
	wire_u8(seed, 1);
	wire_u8(seed, 2);
	wire_u8(seed, host);
	wire_u8(seed, 0);
	wire_u8(seed, 2);
}

static void put_handshake(struct wire *seed)
{
	put_tracer_segment(seed, 3, 1, 0, ST_TCP_SYN);
	put_tracer_segment(seed, 2, 1, 2, ST_TCP_SYN | ST_TCP_ACK);
	put_tracer_segment(seed, 7, 2, 2, 0);
}

/* A flow of TLS until it can be traced. */
static void put_tls(struct wire *seed, unsigned host)
{
	put_handshake(seed);
	put_tracer_hello(seed, host);
	put_tracer_segment(seed, 6, 2, 30, 0);
	put_step(seed, TRACER_EVENTS, 1);
}

/* `what`: 64 is the address of UDP over IPv4, 2 that of IPv6. */
static void put_tracer_answer(struct wire *seed, unsigned what, unsigned host)
{
	put_step(seed, TRACER_ANSWER, 0);
	wire_u8(seed, what);
	wire_u8(seed, host);
	if (what & 4)
		wire_u8(seed, HOST_VIDEO);
	wire_u8(seed, 60);
	wire_u8(seed, 0);
}

/* All is seen leaving and answered, the pauses let the rest expire. */
static void put_probing(struct wire *seed)
{
	for (unsigned i = 0; i < 6; i++) {
		put_step(seed, TRACER_PROBES, 0);
		wire_u8(seed, 5);
		wire_u8(seed, 0);
		put_step(seed, TRACER_PAUSE, 2);
	}
	put_step(seed, TRACER_PAUSE, 60);
	put_step(seed, TRACER_EVENTS, 1);
}

/* A flow of QUIC: Initials out, a datagram back. */
static void put_quic(struct wire *seed, unsigned what, unsigned host)
{
	put_step(seed, TRACER_INITIAL, 0);
	wire_u8(seed, 1 | what);
	wire_u8(seed, host);
	wire_u8(seed, 0);
	put_step(seed, TRACER_DATAGRAM, 0);
	wire_u8(seed, 4 | what);
	wire_u8(seed, 100);
	put_step(seed, TRACER_EVENTS, 1);
}

static void write_tracer(const char *folder)
{
	struct wire seed = {0};

	begin_tracer(&seed, true, BY_SERVICE);
	put_tls(&seed, HOST_VIDEO);
	put_probing(&seed);
	write_seed(folder, "tls-by-service", &seed);
	begin_tracer(&seed, true, BY_SERVICE);
	put_tracer_answer(&seed, 4, HOST_OTHER);
	put_tls(&seed, HOST_OTHER);
	put_probing(&seed);
	write_seed(folder, "tls-by-alias", &seed);
	begin_tracer(&seed, true, BY_NAME);
	put_tls(&seed, HOST_MUSIC);
	put_probing(&seed);
	write_seed(folder, "tls-by-name", &seed);
	begin_tracer(&seed, true, BY_SERVICE);
	put_tls(&seed, HOST_LATE);
	put_step(&seed, TRACER_RULE, 0);
	wire_u8(&seed, RULE_LATE);
	put_tracer_segment(&seed, 7, 40, 2, 0);
	put_probing(&seed);
	write_seed(folder, "rule-added", &seed);
	begin_tracer(&seed, true, BY_NAME | BY_SERVICE);
	put_quic(&seed, 0, HOST_VIDEO);
	put_probing(&seed);
	put_quic(&seed, 2, HOST_MUSIC);
	put_probing(&seed);
	write_seed(folder, "quic-by-name", &seed);
	begin_tracer(&seed, false, 0);
	put_handshake(&seed);
	put_tracer_segment(&seed, 3, 2, 2, ST_TCP_FIN | ST_TCP_ACK);
	put_step(&seed, TRACER_PAUSE, 255); /* so that it is told as a flow */
	put_step(&seed, TRACER_TELL, 0);
	wire_u8(&seed, 0);
	wire_u8(&seed, HOST_VIDEO);
	put_tracer_segment(&seed, 7, 3, 2, 0);
	write_seed(folder, "named-behind-record", &seed);
	for (unsigned late = 0; late < 2; late++) {
		begin_tracer(&seed, false, BY_SERVICE);
		put_tls(&seed, late ? HOST_LATE : HOST_VIDEO);
		for (unsigned ttl = 1; ttl < 5; ttl++)
			put_strange_probe(&seed, ttl);
		put_step(&seed, TRACER_RULE, 0);
		wire_u8(&seed, RULE_LATE);
		put_tracer_segment(&seed, 3, 40, 2, ST_TCP_FIN | ST_TCP_ACK);
		put_step(&seed, TRACER_PAUSE, 255);
		put_step(&seed, TRACER_EVENTS, 1);
		write_seed(folder, late ? "observed-then-named" : "observed-by-service", &seed);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	write_tracer(argv[1]);
	return 0;
}
