/* endpoints: a small table instead of AWS's rule language; tested against AWS's own cases. */
#include <stdlib.h>
#include <string.h>

#include "aws_private.h"
#include "pare/str.h"

struct partition {
	const char *name;
	const char *const *prefixes; /* of its regions */
	const char *suffix, *dual_suffix;
	const char *iam_host, *iam_fips, *iam_dual, *iam_fips_dual; /* NULL: there is none */
	const char *iam_region;
	const char *organizations_region; /* of the one host; NULL: each region's own */
	bool organizations_fips;	  /* the one host, too, where FIPS is asked for */
};

static const char *const aws_regions[] = {"us-", "eu-", "ap-", "sa-",	     "ca-", "me-",
					  "af-", "il-", "mx-", "aws-global", NULL};
static const char *const cn_regions[] = {"cn-", "aws-cn-global", NULL};
static const char *const gov_regions[] = {"us-gov-", "aws-us-gov-global", NULL};
static const char *const iso_regions[] = {"us-iso-", "aws-iso-global", NULL};
static const char *const isob_regions[] = {"us-isob-", "aws-iso-b-global", NULL};
static const char *const isoe_regions[] = {"eu-isoe-", "aws-iso-e-global", NULL};
static const char *const isof_regions[] = {"us-isof-", "aws-iso-f-global", NULL};
static const char *const eusc_regions[] = {"eusc-", NULL};

/* partitions.json and the endpoint rule sets of IAM and Organizations, as of botocore 1.43.67. The first prefix that
 * fits wins, so the special ones come first. */
static const struct partition partitions[] = {
	{"aws-us-gov", gov_regions, "amazonaws.com", "api.aws", "iam.us-gov.amazonaws.com",
	 "iam.us-gov.amazonaws.com", "iam.us-gov.api.aws", "iam.us-gov.api.aws", "us-gov-west-1",
	 "us-gov-west-1", true},
	{"aws-iso", iso_regions, "c2s.ic.gov", NULL, "iam.us-iso-east-1.c2s.ic.gov",
	 "iam-fips.us-iso-east-1.c2s.ic.gov", NULL, NULL, "us-iso-east-1", "us-iso-east-1", false},
	{"aws-iso-b", isob_regions, "sc2s.sgov.gov", NULL, "iam.us-isob-east-1.sc2s.sgov.gov",
	 "iam-fips.us-isob-east-1.sc2s.sgov.gov", NULL, NULL, "us-isob-east-1", "us-isob-east-1", false},
	{"aws-iso-e", isoe_regions, "cloud.adc-e.uk", NULL, "iam.eu-isoe-west-1.cloud.adc-e.uk",
	 "iam-fips.cloud.adc-e.uk", NULL, NULL, "eu-isoe-west-1", NULL, false},
	{"aws-iso-f", isof_regions, "csp.hci.ic.gov", NULL, "iam.us-isof-south-1.csp.hci.ic.gov",
	 "iam-fips.csp.hci.ic.gov", NULL, NULL, "us-isof-south-1", "us-isof-south-1", false},
	{"aws-eusc", eusc_regions, "amazonaws.eu", "api.amazonwebservices.eu",
	 "iam.eusc-de-east-1.amazonaws.eu", "iam-fips.amazonaws.eu",
	 "iam.global.api.amazonwebservices.eu", "iam-fips.api.amazonwebservices.eu",
	 "eusc-de-east-1", NULL, false},
	{"aws-cn", cn_regions, "amazonaws.com.cn", "api.amazonwebservices.com.cn",
	 "iam.cn-north-1.amazonaws.com.cn", "iam-fips.amazonaws.com.cn",
	 "iam.global.api.amazonwebservices.com.cn", "iam-fips.api.amazonwebservices.com.cn",
	 "cn-north-1", "cn-northwest-1", false},
	{"aws", aws_regions, "amazonaws.com", "api.aws", "iam.amazonaws.com",
	 "iam-fips.amazonaws.com", "iam.global.api.aws", "iam-fips.global.api.aws", "us-east-1",
	 "us-east-1", true},
};

static const struct partition *partition_of(const char *region)
{
	for (size_t i = 0; i < sizeof partitions / sizeof partitions[0]; i++)
		for (size_t k = 0; partitions[i].prefixes[k] != NULL; k++)
			if (str_starts(region, partitions[i].prefixes[k]))
				return &partitions[i];
	return &partitions[sizeof partitions / sizeof partitions[0] - 1];
}

static bool host_label(const char *text)
{
	size_t len = strlen(text);
	return len > 0 && len <= 63 && text[0] != '-' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static const char *host_of(struct arena *a, const char *service, const struct partition *p,
			   const char *region, bool fips, bool dual)
{
	bool gov = strcmp(p->name, "aws-us-gov") == 0;
	if (strcmp(service, "iam") == 0)
		return fips && dual ? p->iam_fips_dual
		       : fips	    ? p->iam_fips
		       : dual	    ? p->iam_dual
				    : p->iam_host;
	const char *name = strcmp(service, "accessanalyzer") == 0 ? "access-analyzer"
			   : strcmp(service, "sqs") == 0	  ? "sqs"
			   : strcmp(service, "sso") == 0	  ? "portal.sso"
			   : strcmp(service, "sso_oidc") == 0	  ? "oidc"
								  : service;
	/* GovCloud's usual hosts are FIPS hosts already; its dual-stack ones are not. */
	bool marked = fips && !(gov && !dual);
	return str_printf(a, "%s%s.%s.%s", name, marked ? "-fips" : "", region,
			  dual ? p->dual_suffix : p->suffix);
}

/* scheme://host[:port][/path]: no user, query, fragment or characters that a URL does not hold. */
static bool custom_valid(const char *url)
{
	const char *host = strstr(url, "://");
	if (host == NULL || (!str_starts(url, "http://") && !str_starts(url, "https://")))
		return false;
	host += 3;
	for (const char *c = url; *c != '\0'; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f ||
		    strchr("@?#\\\"<>", *c) != NULL)
			return false;
	return *host != '\0' && *host != '/' && *host != ':';
}

bool endpoint_resolve(struct arena *a, const char *service, const char *region, bool fips,
		      bool dual_stack, const char *custom_url, struct aws_endpoint *out,
		      struct err *e)
{
	const struct partition *p = partition_of(region != NULL ? region : "");
	bool iam = strcmp(service, "iam") == 0;
	const char *signing = getenv("PARE_SIGNING_REGION");
	*out = (struct aws_endpoint){.signing_name = strcmp(service, "accessanalyzer") == 0
							     ? "access-analyzer"
							     : service};
	if (custom_url != NULL) {
		size_t len = strlen(custom_url);
		if (fips || dual_stack)
			return err_set(
				e, ERR_USAGE,
				"endpoint '%s': FIPS and dual-stack exclude a custom endpoint",
				custom_url);
		if (!custom_valid(custom_url))
			return err_set(e, ERR_USAGE,
				       "the endpoint configured for '%s': expected http:// or "
				       "https://, a host, and no user, query or spaces",
				       service);
		if (str_empty(region) && str_empty(signing))
			return err_set(e, ERR_USAGE,
				       "endpoint '%s': no region to sign for: set AWS_REGION",
				       custom_url);
		while (len > 0 && custom_url[len - 1] == '/')
			len--;
		out->url = arena_copy(a, custom_url, len);
		out->signing_region = arena_strdup(a, str_empty(signing) ? region : signing);
		out->custom = true;
		return true;
	}
	if (str_empty(region))
		return err_set(
			e, ERR_USAGE,
			"finding the AWS region: set AWS_REGION, or 'region' in the profile");
	if (!host_label(region))
		return err_set(e, ERR_USAGE, "region '%s': expected a name such as eu-west-1",
			       region);
	if (dual_stack && p->dual_suffix == NULL)
		return err_set(e, ERR_USAGE, "partition '%s' has no dual-stack endpoints", p->name);
	if (strcmp(service, "organizations") == 0 && !dual_stack && p->organizations_region != NULL &&
	    (!fips || p->organizations_fips))
		region = p->organizations_region;
	const char *host = host_of(a, service, p, region, fips, dual_stack);
	if (host == NULL)
		return err_set(e, ERR_USAGE, "'%s' has no such endpoint in partition '%s'", service,
			       p->name);
	out->url = str_printf(a, "https://%s", host);
	out->signing_region = iam ? p->iam_region : arena_strdup(a, region);
	if (strcmp(service, "sts") == 0 && strcmp(region, "aws-global") == 0) {
		out->url = "https://sts.amazonaws.com";
		out->signing_region = "us-east-1";
	}
	return true;
}

static bool true_text(const char *text)
{
	return text != NULL && str_equal_nocase(text, "true");
}

/* AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's services section, its
 * endpoint_url. */
const char *endpoint_configured(struct arena *a, const char *service, const struct profile_set *set)
{
	const char *profile = profile_selected();
	char variable[64] = "AWS_ENDPOINT_URL_";
	size_t n = strlen(variable);
	for (const char *c = service; *c != '\0' && n + 1 < sizeof variable; c++)
		variable[n++] = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A'
				       : *c == ' '	      ? '_'
							      : *c);
	variable[n] = '\0';
	if (true_text(getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) ||
	    true_text(profile_get(set, "profile", profile, "ignore_configured_endpoint_urls")))
		return NULL;
	if (!str_empty(getenv(variable)))
		return getenv(variable);
	if (!str_empty(getenv("AWS_ENDPOINT_URL")))
		return getenv("AWS_ENDPOINT_URL");
	const char *services = profile_get(set, "profile", profile, "services");
	if (services != NULL) {
		const char *url = profile_nested(a, set, "services", services, service,
						 "endpoint_url");
		if (!str_empty(url))
			return url;
	}
	const char *url = profile_get(set, "profile", profile, "endpoint_url");
	return str_empty(url) ? NULL : url;
}

/* AWS_STS_REGIONAL_ENDPOINTS=legacy: the regions that were there before STS had any. */
static bool legacy_sts(const char *region)
{
	static const char *const old[] = {
		"ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "aws-global",
		"ca-central-1",	  "eu-central-1", "eu-north-1",	  "eu-west-1",	    "eu-west-2",
		"eu-west-3",	  "sa-east-1",	  "us-east-1",	  "us-east-2",	    "us-west-1",
		"us-west-2"};
	for (size_t i = 0; i < sizeof old / sizeof old[0]; i++)
		if (str_equal(region, old[i]))
			return true;
	return false;
}

bool endpoint_of(struct arena *a, const char *service, const char *region,
		 const struct profile_set *set, struct aws_endpoint *out, struct err *e)
{
	bool fips, dual;
	const char *custom = endpoint_configured(a, service, set);
	if (!profile_flag(set, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", &fips, e) ||
	    !profile_flag(set, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", &dual, e))
		return false;
	const char *mode = profile_setting(set, "AWS_STS_REGIONAL_ENDPOINTS",
					   "sts_regional_endpoints");
	bool legacy = mode != NULL && str_equal_nocase(mode, "legacy");
	if (mode != NULL && !legacy && !str_equal_nocase(mode, "regional"))
		return err_set(e, ERR_USAGE,
			       "AWS_STS_REGIONAL_ENDPOINTS '%s': expected regional or legacy", mode);
	if (legacy && strcmp(service, "sts") == 0 && custom == NULL && !fips && !dual &&
	    legacy_sts(region))
		region = "aws-global";
	return endpoint_resolve(a, service, region, fips, dual, custom, out, e);
}

bool region_valid(const char *text)
{
	size_t len = strlen(text);
	return len <= 32 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len && text[0] >= 'a' &&
	       strchr(text, '-') != NULL && strstr(text, "--") == NULL && text[len - 1] != '-';
}

const char *region_partition(const char *region)
{
	return partition_of(region)->name;
}

bool region_find(struct arena *a, const char *hint, const char **region, const char **from,
		 struct err *e)
{
	static const char *const variables[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
	*region = hint;
	*from = "the analyzer's ARN";
	if (!str_empty(hint))
		return true;
	for (size_t i = 0; i < 2; i++)
		if (!str_empty(getenv(variables[i]))) {
			*region = getenv(variables[i]);
			*from = variables[i];
			return true;
		}
	struct profile_set set = {0};
	struct arena *scratch = arena_new(NULL); /* holds every profile's secrets */
	bool ok = profile_read(scratch, &set, e);
	const char *value = ok ? profile_get(&set, "profile", profile_selected(), "region") : NULL;
	*region = str_empty(value) ? NULL : arena_strdup(a, value);
	*from = str_printf(a, "profile '%s'", profile_selected());
	arena_free(scratch);
	return ok && (*region != NULL ||
		      err_set(e, ERR_USAGE,
			      "finding the AWS region: set AWS_REGION, or 'region' in profile '%s', "
			      "or give '--analyzer ARN'",
			      profile_selected()));
}
