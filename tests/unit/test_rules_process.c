/* A rules' process that is not what it should be. */
#include "rules_bench.h"

/* --- a process that is not what it should be --- */

static void say_text(int fd, const char *text)
{
	uint32_t len = (uint32_t)strlen(text);
	if (send(fd, &len, sizeof len, MSG_NOSIGNAL) < 0 || send(fd, text, len, MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void hear(int fd)
{
	uint32_t len;
	static char text[1 << 20];
	if (recv(fd, &len, sizeof len, MSG_WAITALL) != sizeof len ||
	    recv(fd, text, len, MSG_WAITALL) != (ssize_t)len)
		_exit(0);
}

static void hear_load(int fd)
{
	hear(fd);
	say_text(fd, "{\"ok\":true,\"rules\":[{\"name\":\"a\",\"about\":\"x\"},{\"name\":\"z\",\"about\":\"x\"}]}");
}

static void child_dies(int fd)
{
	hear_load(fd);
	hear(fd);
	_exit(0);
}

static void child_is_killed(int fd)
{
	hear_load(fd);
	raise(SIGKILL);
}

static void child_babbles(int fd)
{
	hear_load(fd);
	hear(fd);
	say_text(fd, "{\"ok\":");
	pause();
}

static void child_is_large(int fd)
{
	uint32_t huge = 0xffffffff;
	hear_load(fd);
	hear(fd);
	send(fd, &huge, sizeof huge, MSG_NOSIGNAL);
	pause();
}

static void child_floods(int fd)
{
	static char noise[1 << 16];
	hear_load(fd);
	while (send(fd, noise, sizeof noise, MSG_NOSIGNAL) > 0)
		;
}

static void child_answers_for_another(int fd)
{
	hear_load(fd);
	hear(fd);
	say_text(fd, "pass 1");
	pause();
}

static void child_knows_other_verdicts(int fd)
{
	hear_load(fd);
	hear(fd);
	say_text(fd, "{\"ok\":true,\"rule\":0,\"kind\":\"approve\"}");
	pause();
}

static void child_keeps_nothing(int fd)
{
	hear_load(fd);
	hear(fd);
	say_text(fd, "{\"ok\":true,\"rule\":0,\"kind\":\"keep\",\"reason\":\"x\",\"keep\":[]}");
	pause();
}

static void child_keeps_everything(int fd)
{
	hear_load(fd);
	hear(fd);
	say_text(fd, "{\"ok\":true,\"rule\":0,\"kind\":\"keep\",\"reason\":\"x\",\"keep\":[\"*:*\"]}");
	pause();
}

static void child_has_no_reason(int fd)
{
	hear_load(fd);
	hear(fd);
	say_text(fd, "{\"ok\":true,\"rule\":0,\"kind\":\"exempt\"}");
	pause();
}

static void child_sleeps(int fd)
{
	hear_load(fd);
	hear(fd);
	pause();
}

static void test_bad_children(void **state)
{
	static const struct {
		void (*child)(int fd);
		const char *why;
	} bad[] = {
		{child_dies, "its process ended"},
		{child_is_killed, "process ended"},
		{child_babbles, "nonsense"},
		{child_is_large, "its process ended"},
		{child_floods, "process"},
		{child_answers_for_another, "nonsense"},
		{child_knows_other_verdicts, "nonsense"},
		{child_keeps_nothing, "nonsense"},
		{child_keeps_everything, "nonsense"},
		{child_has_no_reason, "nonsense"},
		{child_sleeps, "longer than 2 s"},
	};
	struct bench *b = *state;
	file(b, "a.lua", "-- not read by this child");
	for (size_t k = 0; k < 2 * sizeof bad / sizeof bad[0]; k++) {
		struct arena *a = arena_new(b->arena);
		size_t i = k / 2;
		if (!rules_open_with(a, &b->paths, bad[i].child, &b->port, &b->e))
			fail_msg("%s", b->e.message);
		if (k % 2 == 1) /* told before it is asked: the same words */
			b->port.ahead(b->port.self, &b->subject);
		const struct verdict *v = judged(b);
		assert_true(v[0].failed); /* what the next process says of rule 1 is its own affair */
		assert_int_equal(v[0].kind, VERDICT_HOLD);
		if (strstr(v[0].reason, bad[i].why) == NULL)
			fail_msg("child %zu: '%s' lacks '%s'", i, v[0].reason, bad[i].why);
		arena_free(a);
	}
}

/* One that ended while it had nothing to do (the kernel was out of memory) is no rule's fault. */
static void test_idle_death_is_nobodys_fault(void **state)
{
	struct bench *b = *state;
	judge_body(b, "", "return hold('as ever')");
	pid_t pid = rules_process(b->port.self)->pid;
	assert_true(pid > 0);
	kill(pid, SIGKILL);
	while (kill(pid, 0) == 0) { /* until it is a zombie, which the kill below does not see as gone */
		char path[64], what = 0;
		snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
		FILE *f = fopen(path, "r");
		if (f == NULL || fscanf(f, "%*d %*s %c", &what) != 1)
			what = 'Z';
		if (f != NULL)
			fclose(f);
		if (what == 'Z')
			break;
	}
	const struct verdict *v = judged(b);
	assert_false(v->failed);
	assert_string_equal(v->reason, "as ever");
}

/* A subject that was told ahead gets its own verdict, and one that was not never gets its neighbour's. */
static void test_told_ahead(void **state)
{
	struct bench *b = *state;
	judge_body(b, "", "return hold(c.finding.id)");
	const struct lua_process *p = rules_process(b->port.self);
	struct finding other = b->finding;
	struct judge_subject neighbour = b->subject;
	other.id = "f-2";
	neighbour.finding = &other;
	pid_t first = p->pid;
	b->port.ahead(b->port.self, &b->subject);
	b->port.ahead(b->port.self, &b->subject); /* twice is once */
	assert_string_equal(judged(b)->reason, "f-1");
	assert_string_equal(judged(b)->reason, "f-1"); /* and again, without having been told */
	assert_int_equal(p->pid, first);
	b->port.ahead(b->port.self, &neighbour);
	assert_string_equal(judged(b)->reason, "f-1");
	assert_int_not_equal(p->pid, first);
}

static void test_death_after_told_ahead_is_nobodys_fault(void **state)
{
	struct bench *b = *state;
	judge_body(b, "", "return hold('as ever')");
	struct lua_process *p = rules_process(b->port.self);
	b->port.ahead(b->port.self, &b->subject);
	kill(p->pid, SIGKILL);
	const struct verdict *v = judged(b);
	assert_false(v[0].failed || v[1].failed);
	assert_string_equal(v[0].reason, "as ever");
	b->port.ahead(b->port.self, &b->subject);
	p->started_ms -= 61000;
	v = judged(b);
	assert_false(v[0].failed || v[1].failed);
	assert_string_equal(v[0].reason, "as ever");
}

/* Long before the limit on its processor time would hit an innocent rule. */
static void test_old_process_is_replaced(void **state)
{
	struct bench *b = *state;
	judge_body(b, "", "return hold('as ever')");
	for (int i = 0; i < 3; i++) {
		struct lua_process *p = rules_process(b->port.self);
		pid_t old = p->pid;
		p->started_ms -= 61000;
		const struct verdict *v = judged(b);
		assert_false(v[0].failed || v[1].failed);
		assert_string_equal(v[0].reason, "as ever");
		assert_int_not_equal(p->pid, old);
		assert_true(p->pid > 0);
		old = p->pid;
		judged(b);
		assert_int_equal(p->pid, old);
	}
}

static void child_never_loads(int fd)
{
	(void)fd;
	_exit(0);
}

static void child_loads_nonsense(int fd)
{
	hear(fd);
	say_text(fd, "{\"ok\":true,\"rules\":[{\"name\":7}]}");
	pause();
}

static void test_bad_children_at_start(void **state)
{
	struct bench *b = *state;
	file(b, "a.lua", "-- not read by this child");
	assert_false(rules_open_with(b->arena, &b->paths, child_never_loads, &b->port, &b->e));
	assert_says(b->e.message, "ended");
	assert_false(rules_open_with(b->arena, &b->paths, child_loads_nonsense, &b->port, &b->e));
	assert_says(b->e.message, "nonsense");
}

/* The messages the child gets are checked, too: it leaves rather than guess. */
static void test_child_refuses_nonsense(void **state)
{
	static const char *const bad[] = {"", "{", "[]", "{}", "{\"op\":\"dance\"}", "{\"op\":5}",
					  "{\"op\":\"judge\"}", "{\"op\":\"judge\",\"from\":-1,\"subject\":{}}"};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		int pair[2], status;
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		pid_t pid = fork();
		if (pid == 0)
			lua_child(pair[1]);
		close(pair[1]);
		say_text(pair[0], bad[i]);
		char byte;
		assert_int_equal(recv(pair[0], &byte, 1, 0), 0);
		close(pair[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 1);
	}
}

/* P3: when pare is killed, the rules' process goes, even one that is busy. */
static void test_child_does_not_outlive_pare(void **state)
{
	struct bench *b = *state;
	int pair[2];
	file(b, "a.lua", "-- not read by this child");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid_t pid = fork();
	if (pid == 0) {
		/* The child keeps its end of the pair open until it dies. */
		close(pair[0]);
		if (!rules_open_with(b->arena, &b->paths, child_sleeps, &b->port, &b->e))
			_exit(1);
		if (send(pair[1], "x", 1, 0) != 1)
			_exit(1);
		pause();
	}
	close(pair[1]);
	char byte;
	assert_int_equal(recv(pair[0], &byte, 1, 0), 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(recv(pair[0], &byte, 1, 0), 0); /* both ends of it are gone */
	close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_bad_children),
		T(test_idle_death_is_nobodys_fault),
		T(test_old_process_is_replaced),
		T(test_told_ahead),
		T(test_death_after_told_ahead_is_nobodys_fault),
		T(test_bad_children_at_start),
		T(test_child_refuses_nonsense),
		T(test_child_does_not_outlive_pare),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
