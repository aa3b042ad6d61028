/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What reports say of a flow's service, and of a flow as such. */
#include <stdlib.h>

#include <glib.h>
#include <jansson.h>

#include <servicetrace/report.h>

#include "sample_trace.h"

#define GENERATOR "st-inject 0.1.0"

/* Compared as values: the order of members does not matter to a reader. */
static void assert_member(char *report, const char *name, const char *expected)
{
	json_t *object = json_loads(report, JSON_REJECT_DUPLICATES, NULL);
	json_t *value = json_loads(expected, JSON_DECODE_ANY, NULL);

	g_assert_nonnull(object);
	g_assert_nonnull(value);
	if (!json_equal(json_object_get(object, name), value))
		g_error("%s is not %s in %s", name, expected, report);
	json_decref(object);
	json_decref(value);
	free(report);
}

static void assert_service(const struct st_identity *identity, const char *expected)
{
	struct sample sample;

	sample_init(&sample);
	sample.trace.identity = *identity;
	assert_member(st_report_json(&sample.trace, GENERATOR), "service", expected);
}

static void test_json_service(void)
{
	struct st_identity identity = sample_identity();

	assert_service(&identity,
		       "{\"name\":\"YouTube\",\"host\":\"r3.googlevideo.com\",\"evidence\":\"dns\","
		       "\"id\":\"youtube\",\"matched_by\":\"dns\"}");
	identity = (struct st_identity){.host = "a.example", .evidence = ST_EVIDENCE_SNI};
	assert_service(&identity, "{\"name\":null,\"host\":\"a.example\",\"evidence\":\"sni\"}");
	identity.alpn = "h2,http/1.1";
	identity.ech = true;
	assert_service(&identity, "{\"name\":null,\"host\":\"a.example\",\"evidence\":\"sni\","
				  "\"alpn\":[\"h2\",\"http/1.1\"],\"ech\":true}");
	identity = (struct st_identity){.service = "cdn",
					.name = "CDN",
					.evidence = ST_EVIDENCE_PREFIX,
					.matched_by = ST_EVIDENCE_PREFIX};
	assert_service(&identity, "{\"name\":\"CDN\",\"host\":null,\"evidence\":\"prefix\","
				  "\"id\":\"cdn\",\"matched_by\":\"prefix\"}");
	identity = (struct st_identity){0};
	assert_service(&identity, "null");
}

static void test_json_flow(void)
{
	struct sample sample;
	struct st_flow flow;

	sample_init(&sample);
	flow = sample_flow(&sample);
	assert_member(st_report_flow_json(&flow, GENERATOR), "type", "\"flow\"");
	assert_member(st_report_flow_json(&flow, GENERATOR), "sent",
		      "{\"packets\":12,\"bytes\":1200}");
	assert_member(st_report_flow_json(&flow, GENERATOR), "received",
		      "{\"packets\":1,\"bytes\":5000000000}");
	assert_member(st_report_flow_json(&flow, GENERATOR), "start",
		      "\"2026-11-22T10:20:30.123456Z\"");
	assert_member(st_report_flow_json(&flow, GENERATOR), "end",
		      "\"2026-11-22T10:20:32.000000Z\"");
	assert_member(st_report_flow_json(&flow, GENERATOR), "service",
		      "{\"name\":\"YouTube\",\"host\":\"r3.googlevideo.com\",\"evidence\":\"dns\","
		      "\"id\":\"youtube\",\"matched_by\":\"dns\"}");
}

static void assert_header(const struct st_identity *identity, const char *expected)
{
	struct sample sample;
	char *text;

	sample_init(&sample);
	sample.trace.identity = *identity;
	text = st_report_text(&sample.trace);
	*strchr(text, '\n') = '\0';
	g_assert_cmpstr(text, ==, expected);
	free(text);
}

static void test_text_header(void)
{
	struct st_identity identity = sample_identity();

	assert_header(&identity, "tcp 10.0.0.2:40312 > 10.9.0.2:443 (r3.googlevideo.com), YouTube, "
				 "6 hops max, 3 probes per hop");
	identity.host = NULL;
	assert_header(&identity, "tcp 10.0.0.2:40312 > 10.9.0.2:443, YouTube, "
				 "6 hops max, 3 probes per hop");
	identity = (struct st_identity){.host = "outer\x1b[1m", .ech = true};
	assert_header(&identity, "tcp 10.0.0.2:40312 > 10.9.0.2:443 (outer?[1m, ECH), "
				 "6 hops max, 3 probes per hop");
}

static void test_text_flow(void)
{
	struct sample sample;
	struct st_flow flow;
	char *text;

	sample_init(&sample);
	flow = sample_flow(&sample);
	text = st_report_flow_text(&flow);
	g_assert_cmpstr(text, ==,
			"flow tcp 10.0.0.2:40312 > 10.9.0.2:443 (r3.googlevideo.com), YouTube, "
			"sent 12 packets 1200 bytes, received 1 packet 5000000000 bytes, "
			"1.877 s\n");
	free(text);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/report/service/json", test_json_service);
	g_test_add_func("/report/service/json-flow", test_json_flow);
	g_test_add_func("/report/service/text-header", test_text_header);
	g_test_add_func("/report/service/text-flow", test_text_flow);
	return g_test_run();
}
