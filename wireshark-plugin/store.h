/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of the file in view: for each frame its flow and whether it is a
 * probe, a reply, or a copy of one; for each trace its hops. It is learned once,
 * while the frames come in their order; afterwards it is looked up in any order.
 *
 * A probe is seen before its reply, a packet often before it proves to be a
 * probe, a flow before it has a name: what is asked again later may say more.
 * Everything lives until store_free(). Knows frames and the core, nothing of epan.
 */
#ifndef ST_WIRESHARK_STORE_H
#define ST_WIRESHARK_STORE_H

#include <servicetrace/tracer.h>

struct store;

struct store_flow {
	uint64_t id;
	uint64_t first_trace; /* its number; 0: none yet */
	const char *service;  /* for people; NULL: no signature matches */
	const char *host;     /* NULL: unknown */
	const char *alpn;     /* NULL: unknown */
	enum st_evidence evidence;
	enum st_evidence matched_by;
	bool ech;
};

struct store_trace;

enum mark_kind { MARK_PROBE, MARK_REPLY, MARK_COPY };

/* What a frame is. One that is two things at once has two marks. */
struct mark {
	enum mark_kind kind;
	uint32_t frame;	   /* 0: a read filter has rejected it */
	struct mark *next; /* of the same frame */
	struct store_trace *trace;
	uint8_t hop;	/* the probe's TTL; 0: not known */
	uint16_t index; /* of the probe in its hop, from 1 */
	union {
		struct { /* MARK_PROBE */
			struct mark *first_reply;
			uint64_t known_ns; /* the largest stamp when it proved to be one */
		};
		struct {			  /* MARK_REPLY */
			struct mark *probe;	  /* NULL: it is not in the file */
			struct mark *next_reply;  /* to the same probe */
			struct mark *next_of_hop; /* of the same trace and hop */
			struct st_reply *reply;
		};
		struct mark *original; /* MARK_COPY: what was seen first; never a copy itself */
	};
};

struct store_trace {
	uint64_t number;
	struct store_flow *flow;
	struct st_tuple tuple;
	/* As reported; NULL: it has not ended, and nobody has asked for a review so far. */
	struct st_trace *result;
	unsigned generation;		       /* grows whenever something changes: marks, result */
	struct store_hop *hops[UINT8_MAX + 1]; /* store.c's: as far as seen; see store_hop() */
};

/* Learns: `config` is copied; what it points to must outlive the store. NULL: it is not usable. */
struct store *store_new(const struct st_config *config);
void store_free(struct store *store);

/*
 * A frame, numbered by its cookie from 1; each once, in their order. A number that comes again is
 * the next frame's: the one before is not in the file, since a read filter has rejected it.
 */
void store_frame(struct store *store, const struct st_frame *frame);

/*
 * Makes of everything what it would be if the file ended here: open decisions are
 * taken, open traces get a result. More frames may come.
 */
void store_review(struct store *store);

/* True if a later frame has been seen than this one, which therefore is shown again. */
bool store_has_passed(const struct store *store, uint32_t frame);

/* True if no frame has come since the latest review. */
bool store_is_reviewed(const struct store *store);

/* The marks of a frame, NULL if it has none. */
const struct mark *store_marks(const struct store *store, uint32_t frame);

/* The flow of a frame, NULL if it is of none. */
const struct store_flow *store_flow(const struct store *store, uint32_t frame);

/* True if the probe has no reply and gets none any more, as far as the file shows. */
bool store_is_silent(const struct store *store, const struct mark *probe);

/* How many traces there are, and each of them, by number from 1. */
uint64_t store_trace_count(const struct store *store);
const struct store_trace *store_trace(const struct store *store, uint64_t number);

/*
 * The hop of a trace at this distance (0: replies of unknown distance): as reported if the
 * trace has a result, else as far as seen; the replies then live until the next call, and
 * `probes` is NULL. False: there is no such hop.
 */
bool store_hop(struct store *store, const struct store_trace *trace, uint8_t ttl,
	       struct st_hop *hop);

#endif
