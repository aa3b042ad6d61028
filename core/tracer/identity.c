/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who a flow talks to. A name in its own ClientHello beats one that DNS gave its
 * server's address, and that beats the prefix of a service. A flow is looked at
 * anew, with its next packet, whenever something has been learned that could
 * change the answer. Reading the names from packets is the service floor's.
 */
#include <string.h>

#include "tracer/internal.h"

/* How well a name of an address fits a flow. */
enum fit {
	FIT_NONE,
	FIT_OTHERS, /* another client asked; perhaps a host's other address, or its resolver */
	FIT_CLIENT, /* the flow's client asked */
	FIT_TOLD,   /* the program says so */
};

/* What speaks for the answer while it is worked out. */
struct inquiry {
	const struct st_tracer *tracer;
	const struct flow *flow;
	uint64_t until;		 /* what DNS told first after this number is another flow's */
	enum fit fit;		 /* of the best name */
	const struct name *best; /* the latest of those that fit best; NULL: none */
	unsigned server;	 /* the side whose names these are */
	bool is_guess;		 /* it could be the other one */
};

static void count_names(struct st_tracer *tracer)
{
	tracer->stats.names_known = names_count(tracer->names);
	tracer->stats.names_evicted = names_evicted(tracer->names);
}

bool identity_take_answer(struct st_tracer *tracer, const struct st_packet *packet,
			  const struct st_frame *frame)
{
	bool taught = resolver_take(tracer->resolver, packet, frame, tracer->now);

	count_names(tracer);
	return taught;
}

static enum hello_verdict read_hello(struct st_tracer *tracer, struct flow *flow, unsigned side,
				     const struct st_packet *packet, const struct st_frame *frame,
				     struct hello_facts *facts)
{
	struct flow_end *end = &flow->ends[side];
	uint32_t start = end->isn + 1;

	if (flow->protocol == ST_PROTOCOL_UDP)
		return hello_udp(&tracer->hellos, &end->hello, packet, frame, facts);
	return hello_tcp(&tracer->hellos, &end->hello, packet, frame, end->has_isn ? &start : NULL,
			 facts);
}

/* Only TCP's SYN and a ClientHello show for certain who is the client: captures begin anywhere. */
static bool is_guess(const struct flow *flow)
{
	return !flow->identity.facts && !flow->ends[0].opened && !flow->ends[1].opened;
}

bool identity_hear(struct st_tracer *tracer, struct flow *flow, unsigned side,
		   const struct st_packet *packet, const struct st_frame *frame)
{
	struct hello_facts facts;
	enum hello_verdict verdict;

	if (flow->identity.facts || !packet->payload_captured)
		return false;
	verdict = read_hello(tracer, flow, side, packet, frame, &facts);
	tracer->stats.hellos_evicted = tracer->hellos.evicted;
	if (verdict == HELLO_READ) {
		/* What has settled it may have been names of the wrong end. */
		flow->identity.is_settled = flow->identity.is_settled && !is_guess(flow);
		flow->identity.facts = g_memdup2(&facts, sizeof(facts));
		flow->identity.client = (uint8_t)side;
		flow->identity.is_made = false;
		identity_drop(tracer, flow);
	}
	return verdict == HELLO_PART || verdict == HELLO_READ;
}

void identity_drop(struct st_tracer *tracer, struct flow *flow)
{
	hello_drop(&tracer->hellos, &flow->ends[0].hello);
	hello_drop(&tracer->hellos, &flow->ends[1].hello);
}

/* The side that asks for the service, or the best guess. */
static unsigned client_of(const struct flow *flow)
{
	unsigned client = flow->identity.facts ? flow->identity.client : flow_client(flow);

	if (client == FLOW_SIDE_UNKNOWN)
		client = flow->local_side;
	return client == FLOW_SIDE_UNKNOWN ? 0 : client;
}

static enum fit fit_of(const struct name *name, const struct flow *flow, unsigned server)
{
	if (name->evidence == ST_EVIDENCE_OPTION)
		return FIT_TOLD;
	return st_addr_equal(&name->client, &flow->ends[!server].addr) ? FIT_CLIENT : FIT_OTHERS;
}

/* The next name that this flow can have. */
static const struct name *next_name(const struct inquiry *inquiry, const struct name *previous)
{
	const struct names *names = inquiry->tracer->names;
	const struct st_addr *server = &inquiry->flow->ends[inquiry->server].addr;
	const struct name *name = previous;

	do
		name = names_next(names, server, inquiry->tracer->now, name);
	while (name && name->evidence == ST_EVIDENCE_DNS && name->first > inquiry->until);
	return name;
}

/* When it was learned; of one that was asked for again since, the flow's own goes first. */
static uint64_t number_of(const struct inquiry *inquiry, const struct name *name)
{
	const char *host = inquiry->flow->identity.is.host;

	if (name->number <= inquiry->until || name->evidence != ST_EVIDENCE_DNS)
		return name->number;
	return g_strcmp0(name->hosts[0], host) == 0 ? inquiry->until : name->first;
}

static struct inquiry inquire_side(const struct st_tracer *tracer, const struct flow *flow,
				   unsigned server)
{
	const struct flow_identity *identity = &flow->identity;
	struct inquiry inquiry = {
		.tracer = tracer,
		.flow = flow,
		.server = server,
		.until = identity->is_settled ? identity->settled_at : UINT64_MAX,
	};
	const struct name *name = NULL;

	while ((name = next_name(&inquiry, name))) {
		enum fit fit = fit_of(name, flow, server);
		uint64_t number = number_of(&inquiry, name);
		bool is_later = inquiry.best && number > number_of(&inquiry, inquiry.best);

		if (fit < inquiry.fit || (fit == inquiry.fit && !is_later))
			continue;
		inquiry.fit = fit;
		inquiry.best = name;
	}
	return inquiry;
}

static struct inquiry inquire(const struct st_tracer *tracer, const struct flow *flow)
{
	unsigned server = !client_of(flow);
	struct inquiry inquiry = inquire_side(tracer, flow, server), other;

	if (!is_guess(flow))
		return inquiry;
	other = inquire_side(tracer, flow, !server);
	other.is_guess = inquiry.is_guess = true;
	return other.fit > inquiry.fit ? other : inquiry;
}

/* The name that the flow itself has told; NULL: it has told none. */
static const char *own_host(const struct flow *flow)
{
	const struct hello_facts *facts = flow->identity.facts;

	return facts && facts->host[0] ? facts->host : NULL;
}

static bool is_outer(const struct flow *flow)
{
	return flow->identity.facts && flow->identity.facts->ech;
}

/*
 * Does this name of the server's address count for the flow? Those that fit best
 * do, unless the flow has told its host and it is another.
 */
static bool counts(const struct inquiry *inquiry, const struct name *name)
{
	const char *host = own_host(inquiry->flow);

	if (fit_of(name, inquiry->flow, inquiry->server) < MIN(inquiry->fit, FIT_CLIENT))
		return false;
	return !host || is_outer(inquiry->flow) || strcmp(name->hosts[0], host) == 0;
}

static const struct name *next_that_counts(const struct inquiry *inquiry,
					   const struct name *previous)
{
	const struct name *name = previous;

	while ((name = next_name(inquiry, name))) {
		if (counts(inquiry, name))
			return name;
	}
	return NULL;
}

static bool match_host(const struct st_tracer *tracer, const char *host, struct st_identity *is,
		       enum st_evidence evidence)
{
	struct st_service_match match;

	if (!st_signatures_match_name(tracer->config.signatures, host, &match, 1))
		return false;
	is->service = match.service->id;
	is->name = match.service->name;
	is->matched_by = evidence;
	return true;
}

/* By the name asked for, else by its aliases. */
static bool match_name(const struct st_tracer *tracer, const struct name *name,
		       struct st_identity *is)
{
	for (unsigned i = 0; name && i < name->host_count; i++) {
		if (match_host(tracer, name->hosts[i], is, name->evidence))
			return true;
	}
	return false;
}

/* As st_signatures_match_address does, for the server. */
static size_t match_server(const struct inquiry *inquiry, struct st_service_match *matches,
			   size_t max)
{
	const struct st_signatures *signatures = inquiry->tracer->config.signatures;
	const struct flow_end *ends = inquiry->flow->ends;
	size_t count =
		st_signatures_match_address(signatures, &ends[inquiry->server].addr, matches, max);

	if (count == 0 && inquiry->is_guess)
		count = st_signatures_match_address(signatures, &ends[!inquiry->server].addr,
						    matches, max);
	return count;
}

static bool match_prefix(const struct inquiry *inquiry, struct st_identity *is)
{
	struct st_service_match match;

	if (!match_server(inquiry, &match, 1))
		return false;
	is->service = match.service->id;
	is->name = match.service->name;
	is->matched_by = ST_EVIDENCE_PREFIX;
	return true;
}

/* The name for the server's address that was asked for as `host`; NULL: none. */
static const struct name *name_of(const struct inquiry *inquiry, const char *host)
{
	const struct name *name = NULL;

	while ((name = next_that_counts(inquiry, name))) {
		if (strcmp(name->hosts[0], host) == 0)
			return name;
	}
	return NULL;
}

/*
 * A name beside an encrypted ClientHello can be the outer one, which says nothing
 * of the service, or the true one beside a decoy (GREASE, RFC 9849, 6.2). It is
 * believed if the client had asked DNS for it; its address of the other IP version
 * is not known, so who asked over that may have been the client too.
 */
static bool is_believed(const struct inquiry *inquiry, const char *host)
{
	const struct name *asked;

	if (!is_outer(inquiry->flow))
		return true;
	asked = name_of(inquiry, host);
	return asked && (fit_of(asked, inquiry->flow, inquiry->server) >= FIT_CLIENT ||
			 asked->client.version != inquiry->flow->ip_version);
}

static void match_service(const struct inquiry *inquiry, struct st_identity *is)
{
	const char *host = own_host(inquiry->flow);
	const struct name *name = inquiry->best;

	if (!inquiry->tracer->config.signatures)
		return;
	if (host && !is_outer(inquiry->flow))
		name = name_of(inquiry, host);
	if (host && is_believed(inquiry, host) &&
	    match_host(inquiry->tracer, host, is, ST_EVIDENCE_SNI))
		return;
	if (!match_name(inquiry->tracer, name, is))
		match_prefix(inquiry, is);
}

/* Borrows all its texts. */
static struct st_identity conclude(const struct inquiry *inquiry)
{
	const struct hello_facts *facts = inquiry->flow->identity.facts;
	struct st_identity is = {.host = own_host(inquiry->flow)};

	match_service(inquiry, &is);
	if (is.host) {
		is.evidence = ST_EVIDENCE_SNI;
	} else if (inquiry->best) {
		is.host = inquiry->best->hosts[0];
		is.evidence = inquiry->best->evidence;
	} else {
		is.evidence = is.matched_by;
	}
	if (facts) {
		is.alpn = facts->alpn[0] ? facts->alpn : NULL;
		is.ech = facts->ech;
	}
	return is;
}

static bool is_host(const char *pattern, const char *host)
{
	size_t tail, bytes;

	if (pattern[0] != '*')
		return g_ascii_strcasecmp(pattern, host) == 0;
	tail = strlen(pattern + 1);
	bytes = strlen(host);
	return bytes > tail && g_ascii_strcasecmp(pattern + 1, host + bytes - tail) == 0;
}

static bool are_selected(const struct st_tracer *tracer, const struct st_service_match *matches,
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (g_ptr_array_find(tracer->services, matches[i].service, NULL))
			return true;
	}
	return false;
}

static bool selects_host(const struct st_tracer *tracer, const char *host)
{
	const struct st_selection *selection = &tracer->config.selection;
	struct st_service_match matches[ST_MATCHES_MAX];

	for (size_t i = 0; i < selection->name_count; i++) {
		if (is_host(selection->names[i], host))
			return true;
	}
	return selection->service_count &&
	       are_selected(tracer, matches,
			    st_signatures_match_name(tracer->config.signatures, host, matches,
						     G_N_ELEMENTS(matches)));
}

static bool selects_server(const struct inquiry *inquiry)
{
	struct st_service_match matches[ST_MATCHES_MAX];

	return inquiry->tracer->config.selection.service_count &&
	       are_selected(inquiry->tracer, matches,
			    match_server(inquiry, matches, G_N_ELEMENTS(matches)));
}

/* Any of its names will do, also one that may be an outer name, or an alias. */
static bool is_selected_by_name(const struct inquiry *inquiry)
{
	const char *host = own_host(inquiry->flow);
	const struct name *name = NULL;

	if (host && selects_host(inquiry->tracer, host))
		return true;
	while ((name = next_that_counts(inquiry, name))) {
		for (unsigned i = 0; i < name->host_count; i++) {
			if (selects_host(inquiry->tracer, name->hosts[i]))
				return true;
		}
	}
	return selects_server(inquiry);
}

static bool is_same(const struct st_identity *a, const struct st_identity *b)
{
	return a->service == b->service && a->evidence == b->evidence &&
	       a->matched_by == b->matched_by && a->ech == b->ech &&
	       g_strcmp0(a->host, b->host) == 0 && g_strcmp0(a->alpn, b->alpn) == 0 &&
	       g_strcmp0(a->name, b->name) == 0;
}

/* Copies what it keeps. True: that is new. */
static bool store(struct flow *flow, const struct st_identity *is)
{
	struct st_identity *kept = &flow->identity.is;

	if (is_same(kept, is))
		return false;
	g_free((char *)kept->host);
	g_free((char *)kept->alpn);
	*kept = *is;
	kept->host = g_strdup(is->host);
	kept->alpn = g_strdup(is->alpn);
	return true;
}

/*
 * Of a flow that was not wanted nothing has been told so far; one that has been told
 * as such is over.
 */
static bool is_to_be_told(const struct flow *flow, bool is_new, bool was_wanted)
{
	bool is_known = flow->identity.is.evidence != ST_EVIDENCE_NONE;

	return flow->is_wanted && !flow->is_recorded && (is_new || (is_known && !was_wanted));
}

/* The selected services as they are now: a file loaded later can have replaced one. */
static void find_services(struct st_tracer *tracer, uint64_t generation)
{
	const struct st_selection *selection = &tracer->config.selection;

	if (tracer->services && tracer->services_generation == generation)
		return;
	if (tracer->services)
		g_ptr_array_set_size(tracer->services, 0);
	else
		tracer->services = g_ptr_array_new();
	tracer->services_generation = generation;
	for (size_t i = 0; i < selection->service_count; i++)
		signatures_called(tracer->config.signatures, selection->services[i],
				  tracer->services);
}

/* What was recognised before the flow was wanted is told now. */
static void announce_traces(struct st_tracer *tracer, struct flow *flow)
{
	for (struct trace *trace = flow->traces; trace; trace = trace->next) {
		if (trace->is_observed && !trace->is_resting)
			observe_announce(tracer, trace);
	}
}

/*
 * A ClientHello can show that a name of DNS was another flow's; what has been
 * traced already stays wanted.
 */
static void want(struct st_tracer *tracer, const struct inquiry *inquiry, struct flow *flow)
{
	const struct st_selection *selection = &tracer->config.selection;

	if (flow->is_selected || (!selection->name_count && !selection->service_count))
		return;
	if (is_selected_by_name(inquiry)) {
		tracer_flow_want(tracer, flow, true);
		announce_traces(tracer, flow);
	} else if (!flow->stays_wanted) {
		tracer_flow_want(tracer, flow, false);
	}
}

/*
 * True if no later answer of DNS can tell better: what is asked for while the flow
 * lasts is another flow's.
 */
static bool is_settled(const struct inquiry *inquiry)
{
	return inquiry->fit != FIT_NONE || (own_host(inquiry->flow) && !is_outer(inquiry->flow));
}

/* True if a name has been learned that the flow could have. */
static bool has_news(const struct st_tracer *tracer, const struct flow_identity *identity)
{
	uint64_t latest =
		identity->is_settled ? names_told(tracer->names) : names_generation(tracer->names);

	return latest > identity->names_generation;
}

/* The names that DNS had told of it have run out meanwhile: it stays what it is. */
static bool has_outlived_names(const struct inquiry *inquiry)
{
	const struct flow_identity *identity = &inquiry->flow->identity;

	return identity->is_made && identity->is.host && !identity->facts && !inquiry->best;
}

static void settle(struct flow_identity *identity, const struct inquiry *inquiry)
{
	if (identity->is_settled || !is_settled(inquiry))
		return;
	identity->is_settled = true;
	identity->settled_at = identity->names_generation;
}

void identity_update(struct st_tracer *tracer, struct flow *flow)
{
	struct flow_identity *identity = &flow->identity;
	uint64_t signatures =
		tracer->config.signatures ? signatures_generation(tracer->config.signatures) : 0;
	bool is_current = identity->is_made && identity->signatures_generation == signatures;
	bool was_wanted = flow->is_wanted;
	struct inquiry inquiry;
	struct st_identity is;

	if (is_current && !has_news(tracer, identity))
		return;
	identity->names_generation = names_generation(tracer->names);
	inquiry = inquire(tracer, flow);
	if (is_current && inquiry.fit == FIT_NONE)
		return;
	identity->signatures_generation = signatures;
	if (has_outlived_names(&inquiry))
		return;
	settle(identity, &inquiry);
	identity->is_made = true;
	find_services(tracer, signatures);
	is = conclude(&inquiry);
	want(tracer, &inquiry, flow);
	if (is_to_be_told(flow, store(flow, &is), was_wanted))
		event_flow_named(tracer, flow);
}

enum st_status st_tracer_tell_name(struct st_tracer *tracer, uint64_t now,
				   const struct st_addr *addr, const char *name)
{
	char host[HELLO_HOST_MAX];
	const char *told = host;
	size_t bytes = g_strlcpy(host, name, sizeof(host));

	if (bytes < sizeof(host) && g_str_has_suffix(host, "."))
		host[--bytes] = '\0';
	if (!bytes || bytes >= sizeof(host) || !st_addr_bytes(addr))
		return ST_INVALID_ARGUMENT;
	for (size_t i = 0; i < bytes; i++) {
		if (!g_ascii_isgraph(host[i]))
			return ST_INVALID_ARGUMENT;
	}
	st_tracer_wake(tracer, now);
	names_learn(tracer->names, NULL, addr, &told, 1, 0, ST_EVIDENCE_OPTION, tracer->now);
	count_names(tracer);
	return ST_OK;
}
