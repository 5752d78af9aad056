/* Rules that overrun or reach out: what each misdeed costs. */
#include "rules_bench.h"

/* --- overruns --- */

static void test_loop(void **state)
{
	assert_costs_itself(*state, "", "while true do end", "a.lua:3: used more than 10 million instructions");
}

static void test_loop_in_a_coroutine(void **state)
{
	assert_costs_itself(*state, "", "coroutine.wrap(function() while true do end end)()",
			    "global 'coroutine'");
}

static void test_loop_in_pcall(void **state)
{
	assert_costs_itself(*state, "", "while true do pcall(function() while true do end end) end",
			    "global 'pcall'");
}

static void test_loop_in_a_comparison(void **state)
{
	assert_costs_itself(*state, "", "table.sort({1, 2, 3}, function() while true do end end)",
			    "10 million instructions");
}

static void test_loop_in_a_callback(void **state)
{
	assert_costs_itself(*state, "",
			    "while true do ('xx'):gsub('x', function() while true do end end) end",
			    "10 million instructions");
}

static void test_loop_in_a_finalizer(void **state)
{
	assert_costs_itself(*state, "",
			    "setmetatable({}, {__gc = function() while true do end end}) return hold('x')",
			    "global 'setmetatable'");
}

/* Nothing counts inside a pattern: the clock ends it. */
static void test_loop_in_a_pattern(void **state)
{
	struct bench *b = *state;
	judge_body(b, "", "return hold(tostring((('a'):rep(1000000)):find('.-.-.-.-b')))");
	const struct verdict *v = judged(b);
	assert_true(v[0].failed);
	assert_says(v[0].reason, "longer than 2 s");
	assert_string_equal(v[1].reason, "z is well");
}

/* Verdicts come in bundles; the one that never came must be charged to its own rule. */
static void test_blame_falls_on_the_right_rule(void **state)
{
	struct bench *b = *state;
	for (int i = 0; i < 5; i++)
		file(b, str_printf(b->arena, "%d.lua", i),
		     str_printf(b->arena, "rule { name = 'r%d', about = 'x', judge = function(c)\n%s end }", i,
				i == 3 ? "table.move({}, 1, 1 << 50, 2)"
				: i == 1 ? "return hold('fine')" : ""));
	assert_true(rules_open(b->arena, &b->paths, &b->port, &b->e));
	assert_true(b->port.judge(b->port.self, b->arena, &b->subject, &b->decision, &b->e));
	assert_int_equal(b->decision.count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(b->decision.verdict[i].rule, str_printf(b->arena, "r%zu", i));
		assert_int_equal(b->decision.verdict[i].failed, i == 3);
		assert_int_equal(b->decision.verdict[i].kind, i == 3 || i == 1 ? VERDICT_HOLD : VERDICT_PASS);
	}
	assert_string_equal(b->decision.verdict[1].reason, "fine");
	assert_says(b->decision.verdict[3].reason, "longer than 2 s");
}

static void test_long_move(void **state)
{
	struct bench *b = *state;
	judge_body(b, "", "table.move({}, 1, 1 << 50, 2)");
	assert_true(judged(b)[0].failed);
	assert_false(b->decision.verdict[1].failed);
}

static void test_memory(void **state)
{
	static const char *const tries[] = {
		"local t = {} while true do t[#t + 1] = ('x'):rep(100000) .. #t end",
		"return hold(('x'):rep(1 << 30))",
		"local s = 'x' while true do s = s .. s end",
		"local t = {} for i = 1, 1 << 40 do t[i] = i end",
		"return hold(table.concat({('x'):rep(1 << 25), ('y'):rep(1 << 25)}))",
		"return hold(('%d'):rep(1 << 20):gsub('%%d', ('x'):rep(1000)))",
	};
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		b->port.self = NULL;
		judge_body(b, "", tries[i]);
		const struct verdict *v = judged(b);
		assert_true(v[0].failed);
		if (strstr(v[0].reason, "64 MiB") == NULL && strstr(v[0].reason, "instructions") == NULL)
			fail_msg("%s", v[0].reason);
		assert_string_equal(v[1].reason, "z is well");
	}
}

static void test_deep_recursion(void **state)
{
	struct bench *b = *state;
	assert_costs_itself(b, "", "local function f(n) return 1 + f(n + 1) end return f(1)", "stack overflow");
	b->port.self = NULL;
	assert_costs_itself(b, "",
			    "local function f(s) return (s:gsub('x', f)) end return f('x')", "stack overflow");
}

/* --- reaching out --- */

static void test_words_are_an_allow_list(void **state)
{
	struct bench *b = *state;
	struct lua_limits limits;
	lua_State *L = lua_limited(&limits);
	assert_non_null(L);
	lua_pushcfunction(L, lua_check_globals);
	assert_int_equal(lua_pcall(L, 0, 0, 0), LUA_OK);
	lua_pushinteger(L, 1);
	lua_setglobal(L, "os");
	lua_pushcfunction(L, lua_check_globals);
	assert_int_not_equal(lua_pcall(L, 0, 0, 0), LUA_OK);
	lua_close(L);
	static const char *const absent[] = {
		"os", "io", "debug", "package", "require", "load", "loadstring", "loadfile", "dofile", "pcall",
		"xpcall", "coroutine", "setmetatable", "getmetatable", "rawget", "rawset", "rawequal", "rawlen",
		"next", "collectgarbage", "print", "warn", "_G", "utf8", "host", "string.dump", "math.random",
		"math.randomseed", "('').dump", "test", "string.pack",
	};
	struct buf *body = buf_new(b->arena, 65536);
	buf_puts(body, "local n = 0\n");
	for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
		buf_printf(body, "if %s ~= nil then return hold('%zu is there') end n = n + 1\n", absent[i], i);
	buf_puts(body, "return hold('absent: ' .. n)");
	assert_string_equal(verdict_of(b, body->data)->reason,
			    str_printf(b->arena, "absent: %zu", sizeof absent / sizeof absent[0]));
}

static void test_reaching_out_fails(void **state)
{
	static const char *const tries[] = {"os.exit(0)", "io.open('/etc/passwd')", "print('x')",
					    "return string.dump(function() end)", "os.execute('true')"};
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		b->port.self = NULL;
		assert_costs_itself(b, "", tries[i], "nil value");
	}
}

enum { TRIES = 9 };
/* In a process of its own, behind the walls: an errno (0: it worked) for each try. */
static void try_walls(bool filter, int results[TRIES], bool *filtered)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	setenv("PARE_TEST_SECRET", "swordfish", 1);
	const char *secret = getenv("PARE_TEST_SECRET");
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = pair[1], out[TRIES + 1] = {0};
		out[TRIES] = lua_walls(&fd, filter);
		out[0] = open("/etc/passwd", O_RDONLY) < 0 ? errno : 0;
		out[1] = socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
		pid_t child = fork();
		if (child == 0)
			_exit(0);
		out[2] = child < 0 ? errno : 0;
		out[3] = getenv("PARE_TEST_SECRET") == NULL && secret[0] == '\0' ? 1 : 0;
		out[4] = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
				 ? errno : 0;
		out[5] = unlink("/nowhere/at/all") < 0 ? errno : 0;
		out[6] = write(pair[0], "x", 1) < 0 ? errno : 0;
		out[7] = kill(getppid(), 0) < 0 ? errno : 0;
		out[8] = malloc(1u << 20) == NULL ? ENOMEM : 0;
		send(fd, out, sizeof out, MSG_NOSIGNAL);
		_exit(0);
	}
	int in[TRIES + 1];
	close(pair[1]);
	assert_int_equal(recv(pair[0], in, sizeof in, MSG_WAITALL), sizeof in);
	close(pair[0]);
	waitpid(pid, NULL, 0);
	memcpy(results, in, TRIES * sizeof *results);
	*filtered = in[TRIES] != 0;
}

static void test_walls_with_filter(void **state)
{
	int r[TRIES];
	bool filtered;
	(void)state;
	try_walls(true, r, &filtered);
	if (!filtered) {
		printf("skipped: this kernel has no seccomp filter\n");
		skip();
	}
	assert_int_equal(r[0], EPERM);
	assert_int_equal(r[1], EPERM);
	assert_int_equal(r[2], EPERM);
	assert_int_equal(r[3], 1);
	assert_int_equal(r[4], EPERM);
	assert_int_equal(r[5], EPERM);
	assert_true(r[6] == EPERM || r[6] == EBADF);
	assert_int_equal(r[7], EPERM);
	assert_int_equal(r[8], 0);
}

/* Where there is no filter the others stand. */
static void test_walls_without_filter(void **state)
{
	int r[TRIES];
	bool filtered;
	(void)state;
	try_walls(false, r, &filtered);
	assert_int_equal(r[0], EMFILE);
	assert_int_equal(r[1], EMFILE);
	if (geteuid() != 0) /* the superuser is above this limit */
		assert_int_equal(r[2], EAGAIN);
	assert_int_equal(r[3], 1);
	assert_int_equal(r[6], EBADF);
	assert_int_equal(r[8], 0);
}

/* pare may be started with its standard descriptors closed: the socket is then one of them. */
static void test_socket_may_be_descriptor_zero(void **state)
{
	struct bench *b = *state;
	int saved = dup(0);
	close(0);
	const struct verdict *v = verdict_of(b, "return hold('still')");
	assert_string_equal(v->reason, "still");
	if (saved >= 0) /* descriptor 0 is the socket; tear_down closes it */
		close(saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_loop),
		T(test_loop_in_a_coroutine),
		T(test_loop_in_pcall),
		T(test_loop_in_a_comparison),
		T(test_loop_in_a_callback),
		T(test_loop_in_a_finalizer),
		T(test_loop_in_a_pattern),
		T(test_blame_falls_on_the_right_rule),
		T(test_long_move),
		T(test_memory),
		T(test_deep_recursion),
		T(test_words_are_an_allow_list),
		T(test_reaching_out_fails),
		T(test_walls_with_filter),
		T(test_walls_without_filter),
		T(test_socket_may_be_descriptor_zero),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
