/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One end of a simulated TCP connection, sans-IO: segments and a clock go in,
 * segments come out. It does what a believable conversation needs (RFC 9293
 * without urgent data, reassembly and congestion control) and answers segments
 * that are out of window as Linux does: with at most one duplicate ACK per
 * 500 ms. Everything that it hears is written down for the tests. What is said
 * and when is the business of conversation.c.
 */
#ifndef SIMNET_TCP_PEER_H
#define SIMNET_TCP_PEER_H

#include "wire.h"

#include <glib.h>

enum tcp_state {
	TCP_LISTEN,
	TCP_SYN_SENT,
	TCP_SYN_RECEIVED,
	TCP_ESTABLISHED,
	TCP_CLOSED, /* by RST, or both FINs acknowledged */
};

/* How an end is set up; constant for its life. */
struct tcp_setup {
	struct st_tuple tuple; /* source: this end */
	uint8_t ttl, tos;
	uint32_t flow_label;
	uint32_t isn;
	uint32_t segment_bytes;
	uint32_t receive_buffer;
	uint8_t window_scale;
	bool sack, timestamps; /* offered; used if the other end offers them too */
	bool stalled;	       /* its application never reads */
	bool cookies;	       /* a listener that remembers nothing until the third ACK */
	uint32_t stream_seed;  /* the bytes that it sends follow from it */
	uint32_t peer_stream_seed;
};

enum reaction {
	HEARD_TAKEN,
	HEARD_OLD_ACKED,   /* out of window, answered with an ACK */
	HEARD_OLD_IGNORED, /* out of window, not answered */
	HEARD_FUTURE_ACK,  /* acknowledges what was never sent */
	HEARD_REFUSED,	   /* answered with RST: no such connection */
	HEARD_RESET,	   /* is a RST itself */
};

/* A segment that came in. */
struct heard {
	uint64_t time_ns;
	uint64_t tag;
	uint32_t seq, ack;
	uint16_t window;
	uint8_t flags;
	size_t payload_bytes;
	enum reaction reaction;
};

struct tcp_peer {
	struct tcp_setup setup;
	enum tcp_state state;
	bool use_timestamps, use_sack, use_scaling;
	uint32_t snd_una, snd_nxt, snd_max; /* snd_max: highest ever sent */
	uint32_t snd_end;		    /* behind the last byte that the application wrote */
	uint32_t rcv_nxt;
	uint32_t rcv_acked;		       /* rcv_nxt as last told to the other end */
	uint32_t unread;		       /* bytes in the receive buffer */
	uint32_t peer_window, peer_window_max; /* bytes */
	uint8_t peer_scale;
	uint32_t ts_recent;
	bool fin_wanted, fin_sent, fin_received;
	uint64_t last_old_ack_ns; /* when a stale segment was last answered; ST_NEVER: not yet */
	uint64_t retransmit_ns;	  /* ST_NEVER: nothing is outstanding */
	uint64_t timeout_ns;
	uint32_t retransmissions;
	uint32_t tries; /* time-outs since the last progress */
	uint64_t received_bytes;
	bool stream_damaged; /* a byte was not what the other end sent */
	uint16_t ip_id;
	GQueue out;  /* struct sim_packet, to be sent now */
	GArray *log; /* struct heard */
};

void tcp_peer_init(struct tcp_peer *peer, const struct tcp_setup *setup);
void tcp_peer_clear(struct tcp_peer *peer);

void tcp_peer_connect(struct tcp_peer *peer, uint64_t now);
void tcp_peer_write(struct tcp_peer *peer, uint64_t now, uint32_t bytes);
void tcp_peer_close(struct tcp_peer *peer, uint64_t now); /* FIN after what is still to be sent */
void tcp_peer_abort(struct tcp_peer *peer, uint64_t now); /* RST */

/* A segment arrives. */
void tcp_peer_hear(struct tcp_peer *peer, uint64_t now, const struct segment *segment,
		   uint64_t tag);

/* The retransmission timer; call it when retransmit_ns has come. */
void tcp_peer_time_out(struct tcp_peer *peer, uint64_t now);

/* The next packet to be sent (the caller's from now on), or NULL. */
struct sim_packet *tcp_peer_output(struct tcp_peer *peer);

#endif
