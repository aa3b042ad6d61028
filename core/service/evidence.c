/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words for how a service is known. */
#include <servicetrace/service.h>

const char *st_evidence_text(enum st_evidence evidence)
{
	switch (evidence) {
	case ST_EVIDENCE_NONE:
		return NULL;
	case ST_EVIDENCE_PREFIX:
		return "prefix";
	case ST_EVIDENCE_DNS:
		return "dns";
	case ST_EVIDENCE_OPTION:
		return "option";
	case ST_EVIDENCE_SNI:
		return "sni";
	}
	return NULL;
}

const char *st_rule_kind_text(enum st_rule_kind kind)
{
	switch (kind) {
	case ST_RULE_DOMAIN:
		return "domain";
	case ST_RULE_FULL_DOMAIN:
		return "full-domain";
	case ST_RULE_REGEX:
		return "regex";
	case ST_RULE_PREFIX:
		return "prefix";
	}
	return NULL;
}
