/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Services: the signature database that knows them by names and addresses, and
 * what is known of one flow's service. Signatures are files of the form of
 * GKeyFile, one a service, described in signatures/README.md; a program may add
 * to them while it runs.
 */
#ifndef SERVICETRACE_SERVICE_H
#define SERVICETRACE_SERVICE_H

#include <servicetrace/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a flow's name is known; a later one beats those before it. */
enum st_evidence {
	ST_EVIDENCE_NONE = 0,
	ST_EVIDENCE_PREFIX, /* its server's address is in a prefix of the service */
	ST_EVIDENCE_DNS,    /* an answer that its client got named the server's address */
	ST_EVIDENCE_OPTION, /* the program said so (st_tracer_tell_name) */
	ST_EVIDENCE_SNI,    /* the flow's own ClientHello, of TLS or QUIC */
};

/* "prefix", "dns", "option", "sni"; NULL for ST_EVIDENCE_NONE. */
ST_API const char *st_evidence_text(enum st_evidence evidence);

/* What is known of the service that a flow belongs to. */
struct st_identity {
	const char *service; /* the signature's id, "youtube"; NULL: none matches */
	const char *name;    /* its name, "YouTube"; NULL: none matches */
	const char *host;    /* the server's name as on the wire, in lower case; NULL: unknown */
	const char *alpn;    /* what the client offered (RFC 7301), "h2,http/1.1"; NULL: unknown */
	enum st_evidence evidence;   /* how host is known, or, where it is not, the service */
	enum st_evidence matched_by; /* what the signature matched; NONE: none does */
	bool ech; /* the ClientHello can hold another, encrypted one: host may be the outer name */
};

/*
 * A database of signatures. Not thread-safe. It may grow while tracers use it;
 * it must outlive them.
 */
struct st_signatures;

/* What a rule of a signature is matched against. */
enum st_rule_kind {
	ST_RULE_DOMAIN = 0,  /* this name and all below it: youtube.com, m.youtube.com */
	ST_RULE_FULL_DOMAIN, /* this name alone */
	ST_RULE_REGEX,	/* names that this Perl-compatible expression matches from end to end */
	ST_RULE_PREFIX, /* addresses */
};

/* "domain", "full-domain", "regex", "prefix". */
ST_API const char *st_rule_kind_text(enum st_rule_kind kind);

struct st_rule {
	enum st_rule_kind kind;
	const char *text;	 /* as written, names in lower case */
	struct st_prefix prefix; /* ST_RULE_PREFIX only */
	unsigned line;		 /* in its file; 0: added by a program */
};

/*
 * One service; NULL where the file does not say. Lives as long as the database,
 * one whose place another took too, which then has no rules. Its rules stay where
 * they are until a rule is added or a file loaded.
 */
struct st_service {
	const char *id;	      /* file name without ".service": lower-case letters, digits, '-' */
	const char *name;     /* for people; never NULL (the id, if there is no other) */
	const char *category; /* "video", "music" … */
	const char *source;   /* where the rules are from */
	const char *checked;  /* when that was last looked at, "2026-11-22" */
	const char *path;     /* of the file; NULL: made by a program */
	const char *const
		*overlaps; /* ids of services that it shares names with; NULL at the end */
	const struct st_rule *rules; /* in the order of the file */
	size_t rule_count;
};

/* Something wrong in a file of signatures. */
struct st_signature_problem {
	const char *path;
	unsigned line;	  /* 0: of the whole file */
	const char *text; /* one line, without path and line */
};

ST_API struct st_signatures *st_signatures_new(void);

/* NULL is allowed. */
ST_API void st_signatures_free(struct st_signatures *signatures);

/*
 * Reads a file, or every *.service of a folder in the order of their names. A
 * service replaces one of the same id that is there already. ST_OK: all of it
 * was read. ST_MALFORMED: there are new problems (st_signatures_problem); what
 * is right has been taken, of a broken file too. ST_INVALID_ARGUMENT: the path is
 * no folder or regular file that can be read; a problem without line says why.
 */
ST_API enum st_status st_signatures_load(struct st_signatures *signatures, const char *path);

/* Number of problems found so far, and each of them; valid until the database is freed. */
ST_API size_t st_signatures_problem_count(const struct st_signatures *signatures);
ST_API const struct st_signature_problem *
st_signatures_problem(const struct st_signatures *signatures, size_t index);

/*
 * Adds a service, or gives the one of this id another name (NULL: keeps it).
 * ST_INVALID_ARGUMENT: the id is not of the form that struct st_service says.
 */
ST_API enum st_status st_signatures_add_service(struct st_signatures *signatures, const char *id,
						const char *name);

/*
 * Adds a rule to the service of this id; a tracer that runs looks at its flows
 * by it from their next packet on. ST_INVALID_ARGUMENT: no such service, or
 * `text` is no domain, regular expression or prefix.
 */
ST_API enum st_status st_signatures_add_rule(struct st_signatures *signatures, const char *id,
					     enum st_rule_kind kind, const char *text);

/* How many services there are, and each of them, in the order of their ids. */
ST_API size_t st_signatures_count(const struct st_signatures *signatures);
ST_API const struct st_service *st_signatures_get(const struct st_signatures *signatures,
						  size_t index);

/* The service of this id, else one of this name, upper and lower case alike; NULL: there is none.
 */
ST_API const struct st_service *st_signatures_find(const struct st_signatures *signatures,
						   const char *name);

/* A service that a name or an address belongs to, and the rule that says so. */
struct st_service_match {
	const struct st_service *service;
	const struct st_rule *rule;
};

/*
 * The services that a host's name belongs to, each once, by its best rule; the
 * best first: whole name, then regular expressions (they are written where a
 * domain is another's), then the longest domain; among equals by id. Upper and
 * lower case are alike, a final dot does not count. Writes at most `max`, returns
 * how many it wrote.
 */
ST_API size_t st_signatures_match_name(const struct st_signatures *signatures, const char *name,
				       struct st_service_match *matches, size_t max);

/* The same for an address: the longest prefix first. */
ST_API size_t st_signatures_match_address(const struct st_signatures *signatures,
					  const struct st_addr *addr,
					  struct st_service_match *matches, size_t max);

/* A service rarely shares a name with more than two others: room for all matches. */
#define ST_MATCHES_MAX 16

#ifdef __cplusplus
}
#endif

#endif
