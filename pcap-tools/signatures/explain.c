/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * st-signatures explain: what the flows of captures count as, and what counts as
 * nothing: the names and addresses that a new signature could have. The tracer
 * says what a flow is; here it is only asked for the rule.
 */
#include <servicetrace/tracer.h>

#include "accounts.h"
#include "broad.h"
#include "command.h"
#include "database.h"
#include "output.h"
#include "reader.h"

/* The same capture is told in the same way, run after run. */
#define SEED 1

struct explanation {
	const struct st_signatures *signatures;
	const psl_ctx_t *suffixes;
	struct accounts *services;  /* and their rules */
	struct accounts *names;	    /* of no service, by registrable domain */
	struct accounts *addresses; /* without a name */
};

/* Names come from the wire, and what is printed from a terminal's point of view may be orders. */
static char *printable(const char *text)
{
	char *copy = g_strdup(text);

	for (char *at = copy; *at != '\0'; at++) {
		if (!g_ascii_isgraph(*at))
			*at = '?';
	}
	return copy;
}

/* "domain example.com" of this service's match; NULL: it is not among them. */
static char *rule_text(const struct st_service_match *matches, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++) {
		if (g_strcmp0(matches[i].service->id, id) == 0)
			return g_strdup_printf("%s %s", st_rule_kind_text(matches[i].rule->kind),
					       matches[i].rule->text);
	}
	return NULL;
}

/* By its prefix: either end's, as it is not always sure which one serves. */
static char *prefix_reason(const struct explanation *explanation, const struct st_flow *flow)
{
	const struct st_addr *ends[] = {&flow->tuple.destination, &flow->tuple.source};
	g_autofree char *host = flow->identity.host == NULL ? NULL : printable(flow->identity.host);
	struct st_service_match matches[ST_MATCHES_MAX];
	g_autofree char *rule = NULL;

	for (size_t i = 0; rule == NULL && i < G_N_ELEMENTS(ends); i++) {
		size_t count = st_signatures_match_address(explanation->signatures, ends[i],
							   matches, G_N_ELEMENTS(matches));

		rule = rule_text(matches, count, flow->identity.service);
	}
	if (rule == NULL)
		return g_strdup("prefix");
	return host == NULL ? g_steal_pointer(&rule) : g_strdup_printf("%s, as %s", rule, host);
}

/* The rule that made the flow its service's; a name that is matched can be an alias of the host. */
static char *reason(const struct explanation *explanation, const struct st_flow *flow)
{
	const struct st_identity *identity = &flow->identity;
	struct st_service_match matches[ST_MATCHES_MAX];
	size_t count = 0;
	char *rule;

	if (identity->matched_by == ST_EVIDENCE_PREFIX)
		return prefix_reason(explanation, flow);
	if (identity->host != NULL)
		count = st_signatures_match_name(explanation->signatures, identity->host, matches,
						 G_N_ELEMENTS(matches));
	rule = rule_text(matches, count, identity->service);
	if (rule != NULL || identity->host == NULL)
		return rule == NULL ? g_strdup("a name") : rule;
	g_autofree char *host = printable(identity->host);
	return g_strdup_printf("an alias of %s", host);
}

static void explain_name(struct explanation *explanation, const struct st_flow *flow)
{
	g_autofree char *host = printable(flow->identity.host);
	const char *domain = psl_registrable_domain(explanation->suffixes, host);

	accounts_add(explanation->names, flow, domain == NULL ? host : domain, host);
}

static void explain_address(struct explanation *explanation, const struct st_flow *flow)
{
	char addr[ST_ADDR_TEXT_BYTES], protocol[ST_PROTOCOL_TEXT_BYTES];
	g_autofree char *port =
		g_strdup_printf("%s port %u", st_protocol_text(flow->tuple.protocol, protocol),
				flow->tuple.destination_port);

	accounts_add(explanation->addresses, flow, st_addr_format(&flow->tuple.destination, addr),
		     port);
}

static void explain_flow(struct explanation *explanation, const struct st_flow *flow)
{
	if (flow->identity.service != NULL) {
		g_autofree char *rule = reason(explanation, flow);

		accounts_add(explanation->services, flow, flow->identity.service, rule);
	} else if (flow->identity.host != NULL) {
		explain_name(explanation, flow);
	} else {
		explain_address(explanation, flow);
	}
}

static void settle(struct explanation *explanation, struct st_tracer *tracer)
{
	struct st_event event;

	while (st_tracer_poll_event(tracer, &event) == ST_OK) {
		if (event.type == ST_EVENT_FLOW_ENDED)
			explain_flow(explanation, event.flow);
	}
}

static struct st_tracer *new_tracer(const struct explanation *explanation)
{
	struct st_tracer *tracer;
	struct st_config config;

	st_config_init(&config);
	config.active = false;
	config.selection.all = true;
	config.signatures = explanation->signatures;
	config.report_flows = true;
	config.seed = SEED;
	enum st_status status = st_tracer_new(&config, &tracer);
	/* Nothing of it is the user's choice. */
	g_assert(status == ST_OK);
	return tracer;
}

/* What is lost to a bound makes names missing that were there. */
static void tell_losses(const char *path, const struct st_stats *stats)
{
	if (stats->names_evicted > 0)
		complain(PROGRAM, "%s: %" G_GUINT64_FORMAT " names of addresses were forgotten",
			 path, stats->names_evicted);
	if (stats->hellos_evicted > 0)
		complain(PROGRAM, "%s: %" G_GUINT64_FORMAT " ClientHellos were not read to the end",
			 path, stats->hellos_evicted);
}

/* What comes before a fault of the file counts. */
static bool explain_capture(struct explanation *explanation, const char *path, GError **error)
{
	struct reader *reader = reader_open(path, error);
	struct st_tracer *tracer;
	struct st_frame frame;
	GError *broken = NULL;
	uint64_t now = 0;

	if (reader == NULL)
		return false;
	tracer = new_tracer(explanation);
	while (reader_next(reader, &frame, &broken)) {
		now = MAX(now, frame.stamp_ns);
		st_tracer_frame(tracer, now, &frame, NULL);
		settle(explanation, tracer);
	}
	st_tracer_finish(tracer, now);
	settle(explanation, tracer);
	tell_losses(path, st_tracer_stats(tracer));
	st_tracer_free(tracer);
	reader_close(reader);
	if (broken == NULL)
		return true;
	g_propagate_error(error, broken);
	return false;
}

/* All captures; one that cannot be read has its line at once, the others are read. */
static bool explain_captures(struct explanation *explanation, const struct request *request)
{
	bool good = true;

	for (unsigned i = 0; i < request->word_count; i++) {
		g_autoptr(GError) error = NULL;

		if (explain_capture(explanation, request->words[i], &error))
			continue;
		complain(PROGRAM, "%s", error->message);
		good = false;
	}
	return good;
}

static bool print_explanation(const struct explanation *explanation, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	accounts_print(explanation->services, "services and rules", text);
	accounts_print(explanation->names, "names of no service", text);
	accounts_print(explanation->addresses, "addresses without a name", text);
	return output_print(text->str, error);
}

enum failure run_explain(const struct request *request, GError **error)
{
	psl_ctx_t *suffixes = open_suffixes(error);
	struct st_signatures *signatures =
		suffixes == NULL ? NULL : database_open(request->signatures, error);
	bool good = false;

	if (signatures != NULL) {
		struct explanation explanation = {
			.signatures = signatures,
			.suffixes = suffixes,
			.services = accounts_new(),
			.names = accounts_new(),
			.addresses = accounts_new(),
		};

		good = explain_captures(&explanation, request);
		good = print_explanation(&explanation, error) && good;
		accounts_free(explanation.services);
		accounts_free(explanation.names);
		accounts_free(explanation.addresses);
	}
	st_signatures_free(signatures);
	psl_free(suffixes);
	return good ? FAILURE_NONE : FAILURE_RUNNING;
}
