/* One signed GetRole after another over one kept connection: the client's own CPU time a call, beside
 * boto3's for the same calls to the same server where boto3 is. The server works in other threads, so
 * the thread that asks is what is measured. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pare/aws.h"
#include "pare/sandbox.h"
#include "pare/world.h"

enum { CALLS = 2000 };
static const char role[] = "IAMRole_IA2_Blog_EC2Role";

static double cpu_ms(void)
{
	struct rusage u;
	getrusage(RUSAGE_THREAD, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static int stop(const char *what, const struct err *e)
{
	fprintf(stderr, "client: %s: %s\n", what, e->message);
	return 1;
}

static void beside_boto3(void)
{
	static const char script[] =
		"python3 - 2>/dev/null <<'END'\n"
		"import boto3, resource\n"
		"iam = boto3.client('iam')\n"
		"def used():\n"
		"    u = resource.getrusage(resource.RUSAGE_SELF)\n"
		"    return u.ru_utime + u.ru_stime\n"
		"iam.get_role(RoleName='IAMRole_IA2_Blog_EC2Role')\n"
		"before = used()\n"
		"for _ in range(500):\n"
		"    iam.get_role(RoleName='IAMRole_IA2_Blog_EC2Role')\n"
		"print('bench: client-boto3-cpu-per-call %.4f ms' % ((used() - before) * 2), flush=True)\n"
		"END";
	fflush(stdout);
	if (system(script) == 0)
		puts("ratio: client-boto3-cpu-per-call client-cpu-per-call");
	else
		puts("without boto3 there is nothing to compare with");
}

static char *seed_text(size_t *len)
{
	static char text[1 << 16];
	FILE *f = fopen("examples/blog/seed.json", "rb");
	*len = f != NULL ? fread(text, 1, sizeof text, f) : 0;
	if (f != NULL)
		fclose(f);
	return text;
}

int main(void)
{
	struct arena *a = arena_new(NULL);
	struct clock_port clock = clock_system(a);
	const struct sandbox_setting setting = {.seed = 1};
	struct err e;
	size_t len;
	int port;
	char url[64];
	const char *seed = seed_text(&len);
	struct sandbox *box = sandbox_new(a, &setting, &clock, &e);
	if (box == NULL || !sandbox_seed(box, seed, len, "seed.json", &e))
		return stop("the sandbox", &e);
	struct sandbox_server *server = sandbox_serve(a, box, "127.0.0.1", 0, &port, &e);
	if (server == NULL)
		return stop("the sandbox", &e);
	snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
	setenv("AWS_ENDPOINT_URL", url, 1);
	setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
	setenv("AWS_REGION", "us-east-1", 1);
	setenv("AWS_DEFAULT_REGION", "us-east-1", 1);
	setenv("AWS_CONFIG_FILE", "/dev/null", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
	const struct aws_setting client = {.region = "us-east-1"};
	struct aws *aws = aws_new(a, &client, &clock, &e);
	if (aws == NULL)
		return stop("the client", &e);
	struct read_port reads = aws_read_port(aws);
	double before = 0;
	for (int i = 0; i <= CALLS; i++) {
		struct arena *once = arena_new(a);
		struct call c = {.op = CALL_GET_ROLE, .arena = once, .role = role};
		if (!read_one(&reads, &c) || c.principal == NULL || strcmp(c.principal->name, role) != 0)
			return stop("GetRole", &c.err);
		arena_free(once);
		if (i == 0)
			before = cpu_ms(); /* the first call opens the connection */
	}
	printf("bench: client-cpu-per-call %.4f ms\n", (cpu_ms() - before) / CALLS);
	printf("bench: client-connections %zu connections\n", aws_connections(aws));
	beside_boto3();
	sandbox_server_stop(server);
	arena_free(a);
	return 0;
}
